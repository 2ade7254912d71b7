/** A snapshot without a list of its files, as huggingface_hub before 2.4 leaves it: what is there tells what is not. */
import { readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SnapshotOptions } from '../../../lib/io/hub';
import { useHub } from './hub-fixture';
import { COMMIT } from './hub-server';
import { missingOf, pipe, sharded } from './parts';

const hub = useHub({ 'owner/pipe': { files: pipe }, 'owner/sharded': { files: sharded } });
const missing = (id: string, options?: SnapshotOptions) => missingOf(hub, id, options);

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

describe('there is', () => {
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
