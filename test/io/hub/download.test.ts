/** What a download leaves in the cache. */
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import type { HubProgress } from '../../../lib/io/hub';
import { cachedSnapshot } from './cached-snapshot';
import { config, model, useHub, weights } from './hub-fixture';
import { checksum, COMMIT } from './hub-server';

const text = Buffer.from('{}');
const hub = useHub({
  'owner/tiny': { files: { ...model, 'pytorch_model.bin': Buffer.from('pickle') } },
  'owner/pipe': {
    files: {
      'model_index.json': text,
      'all-in-one.safetensors': weights(9),
      'unet/config.json': config,
      'unet/diffusion_pytorch_model.safetensors': weights(5),
      'unet/diffusion_pytorch_model.fp16.safetensors': weights(6),
      'tokenizer/merges.txt': Buffer.from('a b'),
      'scheduler/scheduler_config.json': text,
    },
  },
  'owner/both': {
    files: {
      'config.json': config,
      'model.safetensors': weights(4),
      'model-00001-of-00002.safetensors': weights(2),
      'model-00002-of-00002.safetensors': weights(3),
      'model.safetensors.index.json': text,
    },
  },
});

it('lays the cache out as Python does, and takes only what loads a model', async () => {
  const seen: HubProgress[] = [];
  const onProgress = (progress: HubProgress) => seen.push(progress);
  const folder = await hub.download('owner/tiny', { onProgress });
  const root = hub.root('owner/tiny');
  expect(folder).toBe(path.join(root, 'snapshots', COMMIT));
  expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.safetensors']);
  expect(readFileSync(path.join(root, 'refs', 'main'), 'utf8')).toBe(COMMIT);
  for (const name of ['config.json', 'model.safetensors'] as const) {
    const link = path.join(folder, name);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readlinkSync(link)).toBe(`../../blobs/${checksum(name, model[name])}`);
    expect(readFileSync(link).equals(model[name])).toBe(true);
  }
  const total = config.length + model['model.safetensors'].length;
  expect(seen.at(-1)).toEqual({ file: 'model.safetensors', received: total, total });
  expect(seen.every(({ received }, i) => i === 0 || received >= seen[i - 1]!.received)).toBe(true);
});

it('keeps the list of all files, as huggingface_hub 2.4 does', async () => {
  await hub.download('owner/tiny');
  const tree = path.join(hub.root('owner/tiny'), 'trees', `${COMMIT}.json`);
  const { format_version, files } = JSON.parse(readFileSync(tree, 'utf8')) as {
    format_version: number;
    files: Record<string, Record<string, unknown>>;
  };
  expect(format_version).toBe(1);
  expect(Object.keys(files)).toEqual([
    'README.md',
    'config.json',
    'model.safetensors',
    'pytorch_model.bin',
  ]);
  expect(files['config.json']).toEqual({
    size: config.length,
    blob_id: checksum('config.json', config),
  });
  const size = model['model.safetensors'].length;
  expect(files['model.safetensors']).toMatchObject({
    size,
    lfs_size: size,
    lfs_sha256: checksum('model.safetensors', model['model.safetensors']),
  });
});

it('is not done again, and is found offline', async () => {
  const folder = await hub.download('owner/tiny');
  const before = hub.bodies().length;
  expect(await hub.download('owner/tiny')).toBe(folder);
  expect(hub.bodies().length).toBe(before);
  hub.server.requests.length = 0;
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  expect(await hub.download('owner/tiny')).toBe(folder);
  expect(await hub.download('owner/tiny', { revision: COMMIT })).toBe(folder);
  expect(cachedSnapshot('owner/tiny', { cacheDir: hub.cacheDir })).toBe(folder);
  await expect(hub.download('owner/other')).rejects.toThrow(
    /not in the cache .* offline mode is on/,
  );
  expect(hub.server.requests).toEqual([]);
});

it.each(['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'])('%s=1 asks nothing', async (variable) => {
  const folder = await hub.download('owner/tiny');
  hub.server.requests.length = 0;
  vi.stubEnv(variable, '1');
  expect(await hub.download('owner/tiny')).toBe(folder);
  await expect(hub.download('owner/other')).rejects.toThrow(/offline mode is on/);
  expect(hub.server.requests).toEqual([]);
});

it('of a commit that is there whole asks nothing: its files never change', async () => {
  const folder = await hub.download('owner/tiny');
  hub.server.requests.length = 0;
  expect(await hub.download('owner/tiny', { revision: COMMIT })).toBe(folder);
  expect(hub.server.requests).toEqual([]);
});

it('of a pipeline leaves out what would load twice; a subfolder alone can be asked for', async () => {
  const folder = await hub.download('owner/pipe');
  expect(readdirSync(folder).sort()).toEqual([
    'model_index.json',
    'scheduler',
    'tokenizer',
    'unet',
  ]);
  expect(readdirSync(path.join(folder, 'unet')).sort()).toEqual([
    'config.json',
    'diffusion_pytorch_model.safetensors',
  ]);
  rmSync(hub.root('owner/pipe'), { recursive: true });
  const unet = await hub.download('owner/pipe', { subfolder: 'unet' });
  expect(readdirSync(unet)).toEqual(['unet']);
});

it('of a model in one file and in shards takes the one file, as transformers does', async () => {
  const folder = await hub.download('owner/both');
  expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.safetensors']);
});

it.each(['tokenizer', 'scheduler'])(
  'of the subfolder %s, which has no weights',
  async (subfolder) => {
    const folder = await hub.download('owner/pipe', { subfolder });
    expect(readdirSync(folder)).toEqual([subfolder]);
  },
);

it('fetches a blob again that somebody removed', async () => {
  const folder = await hub.download('owner/tiny');
  rmSync(path.join(folder, '..', '..', 'blobs', checksum('config.json', config)));
  await hub.download('owner/tiny');
  expect(readFileSync(path.join(folder, 'config.json')).equals(config)).toBe(true);
});

it('takes a file that lies in the snapshot itself, as Python leaves it without links', async () => {
  const folder = await hub.download('owner/tiny');
  const copy = `${folder}.copy`;
  mkdirSync(copy);
  for (const name of readdirSync(folder)) {
    // cpSync with `dereference` copies links as links in Node 22 and 24
    copyFileSync(path.join(folder, name), path.join(copy, name));
  }
  rmSync(path.join(hub.root('owner/tiny'), 'blobs'), { recursive: true });
  rmSync(folder, { recursive: true });
  renameSync(copy, folder);
  const before = hub.bodies().length;
  await hub.download('owner/tiny');
  expect(hub.bodies().length).toBe(before);
  expect(lstatSync(path.join(folder, 'config.json')).isFile()).toBe(true);
});

it('copies instead of linking with HF_HUB_DISABLE_SYMLINKS', async () => {
  vi.stubEnv('HF_HUB_DISABLE_SYMLINKS', 'yes');
  const folder = await hub.download('owner/tiny');
  expect(lstatSync(path.join(folder, 'config.json')).isFile()).toBe(true);
  expect(readFileSync(path.join(folder, 'config.json')).equals(config)).toBe(true);
});

it('writes nothing where nothing is missing', async () => {
  const folder = await hub.download('owner/tiny');
  const root = hub.root('owner/tiny');
  const listed = () => readdirSync(root, { recursive: true }).sort();
  const before = listed();
  for (const name of ['', 'blobs', 'refs', 'trees']) chmodSync(path.join(root, name), 0o555);
  expect(await hub.download('owner/tiny')).toBe(folder);
  expect(listed()).toEqual(before);
  for (const name of ['', 'blobs', 'refs', 'trees']) chmodSync(path.join(root, name), 0o755);
});

it('asks the hub again where the kept list is damaged, or of another version', async () => {
  await hub.download('owner/tiny');
  const tree = path.join(hub.root('owner/tiny'), 'trees', `${COMMIT}.json`);
  const sound = readFileSync(tree, 'utf8');
  const hostile = sound.replace('"config.json"', '"../../config.json"');
  for (const damaged of [
    '{',
    '[]',
    '{"format_version": 2, "files": {}}',
    '{"format_version": 1}',
    hostile,
  ]) {
    writeFileSync(tree, damaged);
    hub.server.requests.length = 0;
    await hub.download('owner/tiny');
    expect(hub.server.requests.filter(({ url }) => url.includes('/tree/'))).toHaveLength(1);
    expect(readFileSync(tree, 'utf8')).toBe(sound);
  }
});
