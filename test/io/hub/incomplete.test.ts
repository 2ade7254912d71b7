/** A part of a snapshot is never given as the whole, however it came to be a part. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SnapshotOptions } from '../../../lib/io/hub';
import { findSnapshot } from '../../../lib/io/hub/snapshots';
import { useHub } from './hub-fixture';
import { checksum, COMMIT } from './hub-server';
import { json, missingOf, pipe } from './parts';

const NEWER = 'b'.repeat(40);
const hub = useHub({
  'owner/pipe': {
    files: pipe,
    revisions: { v2: { commit: NEWER, files: { ...pipe, 'unet/config.json': json({ v: 2 }) } } },
  },
});

const missing = (id: string, options?: SnapshotOptions) => missingOf(hub, id, options);

const PLAIN = [
  'model_index.json',
  'scheduler/scheduler_config.json',
  'text_encoder/config.json',
  'text_encoder/model.safetensors',
  'unet/config.json',
  'unet/diffusion_pytorch_model.safetensors',
];

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

it('looking into the cache changes nothing in it', async () => {
  await hub.download('owner/pipe', { subfolder: 'unet' });
  const copy = path.join(hub.cacheDir, 'copy');
  cpSync(hub.root('owner/pipe'), copy, { recursive: true, verbatimSymlinks: true });
  const listed = (folder: string) => readdirSync(folder, { recursive: true }).sort();
  expect(findSnapshot('owner/pipe', { cacheDir: hub.cacheDir })!.missing).toHaveLength(4);
  await missing('owner/pipe');
  expect(listed(hub.root('owner/pipe'))).toEqual(listed(copy));
});
