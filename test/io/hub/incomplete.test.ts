/** A part of a snapshot is never given as the whole, however it came to be a part. */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SnapshotOptions } from '../../../lib/io/hub';
import { HubError, IncompleteSnapshotError } from '../../../lib/io/hub/errors';
import { cachedSnapshot, findSnapshot } from '../../../lib/io/hub/snapshots';
import { config, useHub, weights } from './hub-fixture';
import { checksum, COMMIT } from './hub-server';

const NEWER = 'b'.repeat(40);
const json = (value: object) => Buffer.from(JSON.stringify(value));

/** A part of a diffusers pipeline: [library, class]. */
const INDEX = json({
  _class_name: 'StableDiffusionPipeline',
  requires_safety_checker: false,
  safety_checker: [null, null],
  scheduler: ['diffusers', 'DDPMScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  unet: ['diffusers', 'UNet2DConditionModel'],
});
const pipe = {
  'README.md': Buffer.from('# a pipeline'),
  'model_index.json': INDEX,
  'scheduler/scheduler_config.json': json({}),
  'text_encoder/config.json': config,
  'text_encoder/model.safetensors': weights(4),
  'text_encoder/model.fp16.safetensors': weights(5),
  'unet/config.json': json({ _class_name: 'UNet2DConditionModel' }),
  'unet/diffusion_pytorch_model.safetensors': weights(6),
  'unet/diffusion_pytorch_model.fp16.safetensors': weights(7),
};
const sharded = {
  'config.json': config,
  'model-00001-of-00002.safetensors': weights(2),
  'model-00002-of-00002.safetensors': weights(3),
  'model.safetensors.index.json': json({
    weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
  }),
};
const hub = useHub({
  'owner/pipe': {
    files: pipe,
    revisions: { v2: { commit: NEWER, files: { ...pipe, 'unet/config.json': json({ v: 2 }) } } },
  },
  'owner/sharded': { files: sharded },
});

/** What is missing, in the error of the whole snapshot offline. */
async function missing(id: string, options: SnapshotOptions = {}): Promise<readonly string[]> {
  const error: unknown = await hub.download(id, { offline: true, ...options }).then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error === undefined) return [];
  expect(error).toBeInstanceOf(IncompleteSnapshotError);
  expect(error).toBeInstanceOf(HubError);
  const { message, missing: files } = error as IncompleteSnapshotError;
  for (const file of files.slice(0, 10)) expect(message).toContain(file);
  expect(message).toMatch(/is incomplete: .* Offline mode is on\. Download the rest once/);
  expect(cachedSnapshot(id, { cacheDir: hub.cacheDir, ...options })).toBeNull();
  return files;
}

const PLAIN = [
  'model_index.json',
  'scheduler/scheduler_config.json',
  'text_encoder/config.json',
  'text_encoder/model.safetensors',
  'unet/config.json',
  'unet/diffusion_pytorch_model.safetensors',
];

/** Leaves a snapshot as a folder without a list, as huggingface_hub before 2.4 does, and only these of its files. */
function forget(id: string, isKept: (file: string) => boolean): void {
  rmSync(path.join(hub.root(id), 'trees'), { recursive: true });
  const folder = path.join(hub.root(id), 'snapshots', COMMIT);
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const isFolder = statSync(path.join(folder, entry)).isDirectory();
    if (!isFolder && !isKept(entry)) rmSync(path.join(folder, entry));
  }
  for (const name of readdirSync(folder)) {
    const at = path.join(folder, name);
    if (statSync(at).isDirectory() && readdirSync(at).length === 0) rmSync(at, { recursive: true });
  }
}

describe('of a snapshot is there', () => {
  it('all: it is given', async () => {
    await hub.download('owner/pipe');
    expect(await missing('owner/pipe')).toEqual([]);
    expect(await missing('owner/pipe', { subfolder: 'unet' })).toEqual([]);
  });

  it.each(['unet', 'text_encoder', 'scheduler'])('a subfolder, %s', async (subfolder) => {
    const folder = await hub.download('owner/pipe', { subfolder });
    const rest = PLAIN.filter((name) => !name.startsWith(`${subfolder}/`));
    expect(await missing('owner/pipe')).toEqual(rest);
    expect(await hub.download('owner/pipe', { subfolder, offline: true })).toBe(folder);
    const other = subfolder === 'unet' ? 'text_encoder' : 'unet';
    expect(await missing('owner/pipe', { subfolder: other })).toEqual(
      PLAIN.filter((name) => name.startsWith(`${other}/`)),
    );
  });

  it('two subfolders, one after the other, and then the rest', async () => {
    await hub.download('owner/pipe', { subfolder: 'unet' });
    await hub.download('owner/pipe', { subfolder: 'text_encoder' });
    expect(await missing('owner/pipe')).toEqual([
      'model_index.json',
      'scheduler/scheduler_config.json',
    ]);
    await hub.download('owner/pipe');
    expect(await missing('owner/pipe')).toEqual([]);
  });

  it('one variant', async () => {
    await hub.download('owner/pipe', { variant: 'fp16' });
    expect(await missing('owner/pipe', { variant: 'fp16' })).toEqual([]);
    expect(await missing('owner/pipe')).toEqual([
      'text_encoder/model.safetensors',
      'unet/diffusion_pytorch_model.safetensors',
    ]);
  });

  it('what came before the connection broke', async () => {
    hub.server.fault = ({ url, socket }) =>
      url === '/owner/pipe/unet/diffusion_pytorch_model.safetensors' && (socket.destroy(), true);
    await expect(hub.download('owner/pipe', { maxRetries: 0 })).rejects.toThrow(/not be reached/);
    expect(await missing('owner/pipe')).toEqual(['unet/diffusion_pytorch_model.safetensors']);
    expect(await missing('owner/pipe', { revision: COMMIT })).toHaveLength(1);
  });

  it('another revision', async () => {
    await hub.download('owner/pipe');
    await expect(hub.download('owner/pipe', { revision: 'v2', offline: true })).rejects.toThrow(
      /owner\/pipe \(v2\): not in the cache/,
    );
    await hub.download('owner/pipe', { revision: 'v2', subfolder: 'unet' });
    expect(await missing('owner/pipe', { revision: 'v2' })).toHaveLength(4);
    expect(await missing('owner/pipe', { revision: NEWER })).toHaveLength(4);
    expect(await missing('owner/pipe')).toEqual([]);
  });

  it('a newer commit, broken off: what main was stays until the new one is whole', async () => {
    const before = await hub.download('owner/pipe');
    hub.server.fault = ({ url = '', socket }, response) => {
      if (url.includes('/revision/main')) {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ _id: '1', id: 'owner/pipe', sha: NEWER }));
        return true;
      }
      return url.endsWith(`${NEWER}/unet/config.json`) && (socket.destroy(), true);
    };
    await expect(hub.download('owner/pipe', { maxRetries: 0 })).rejects.toThrow(/not be reached/);
    expect(await hub.download('owner/pipe', { offline: true })).toBe(before);
    expect(await missing('owner/pipe', { revision: NEWER })).toContain('unet/config.json');
  });

  it('links, but not the blob of one', async () => {
    await hub.download('owner/pipe');
    const blob = checksum('scheduler/scheduler_config.json', json({}));
    rmSync(path.join(hub.root('owner/pipe'), 'blobs', blob));
    expect(await missing('owner/pipe')).toEqual(['scheduler/scheduler_config.json']);
  });

  it('a folder where a file should be', async () => {
    const folder = await hub.download('owner/pipe');
    rmSync(path.join(folder, 'unet/config.json'));
    mkdirSync(path.join(folder, 'unet/config.json'));
    expect(await missing('owner/pipe')).toEqual(['unet/config.json']);
  });

  it('much too little: ten names and a count', async () => {
    const folder = path.join(hub.root('owner/pipe'), 'snapshots', COMMIT);
    await hub.download('owner/pipe');
    const tree = path.join(hub.root('owner/pipe'), 'trees', `${COMMIT}.json`);
    const list = JSON.parse(readFileSync(tree, 'utf8')) as { files: Record<string, unknown> };
    for (let i = 0; i < 15; i++) {
      list.files[`part${i}/scheduler_config.json`] = { size: 2, blob_id: 'c'.repeat(40) };
    }
    writeFileSync(tree, JSON.stringify(list));
    await expect(hub.download('owner/pipe', { offline: true })).rejects.toThrow(
      `${folder} is incomplete: 15 files are missing`,
    );
    await expect(hub.download('owner/pipe', { offline: true })).rejects.toThrow(/, … and 5 more\)/);
  });
});

describe('without a list of its files, of a snapshot is there', () => {
  it.each<[string, (file: string) => boolean, string[]]>([
    ['all', () => true, []],
    ['no scheduler', (file) => !file.startsWith('scheduler'), ['scheduler/']],
    [
      'the index alone',
      (file) => file === 'model_index.json',
      ['scheduler/', 'text_encoder/', 'unet/'],
    ],
    [
      'no weights of the UNet',
      (file) => !file.startsWith('unet/diffusion'),
      ['unet/diffusion_pytorch_model.safetensors'],
    ],
    [
      'no weights of the text encoder',
      (file) => !file.startsWith('text_encoder/model'),
      ['text_encoder/model.safetensors'],
    ],
    [
      'no config of the text encoder',
      (file) => file !== 'text_encoder/config.json',
      ['text_encoder/config.json'],
    ],
  ])('%s', async (_, isKept, expected) => {
    await hub.download('owner/pipe');
    forget('owner/pipe', isKept);
    expect(await missing('owner/pipe')).toEqual(expected);
  });

  it('one shard of two', async () => {
    await hub.download('owner/sharded');
    forget('owner/sharded', (file) => !file.startsWith('model-00002'));
    expect(await missing('owner/sharded')).toEqual(['model-00002-of-00002.safetensors']);
  });

  it('the config alone, as the loading of a config leaves it', async () => {
    await hub.download('owner/sharded');
    forget('owner/sharded', (file) => file === 'config.json');
    expect(await missing('owner/sharded')).toEqual(['model.safetensors']);
  });

  it('a README, as a search for models leaves it', async () => {
    const folder = await hub.download('owner/sharded');
    forget('owner/sharded', () => false);
    expect(await missing('owner/sharded')).toEqual(['config.json']);
    writeFileSync(path.join(folder, 'README.md'), '# x');
    expect(await missing('owner/sharded')).toEqual(['config.json']);
    expect(await missing('owner/sharded', { subfolder: 'unet' })).toEqual(['unet/']);
  });

  it('a link to a blob that is gone', async () => {
    const folder = await hub.download('owner/sharded');
    forget('owner/sharded', (file) => file !== 'config.json');
    symlinkSync('../../blobs/gone', path.join(folder, 'config.json'));
    expect(await missing('owner/sharded')).toEqual(['config.json']);
  });
});

it('looking into the cache changes nothing in it', async () => {
  await hub.download('owner/pipe', { subfolder: 'unet' });
  const copy = path.join(hub.cacheDir, 'copy');
  cpSync(hub.root('owner/pipe'), copy, { recursive: true, verbatimSymlinks: true });
  const listed = (folder: string) => readdirSync(folder, { recursive: true }).sort();
  expect(findSnapshot('owner/pipe', { cacheDir: hub.cacheDir })!.missing).toHaveLength(4);
  await missing('owner/pipe');
  expect(listed(hub.root('owner/pipe'))).toEqual(listed(copy));
});
