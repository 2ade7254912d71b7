/** A refusal says what to do. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import type { SnapshotOptions } from '../../../lib/io/hub';
import { HubError } from '../../../lib/io/hub/errors';
import { config, model, TOKEN, useHub, weights } from './hub-fixture';

const pickle = Buffer.from('pickle');
const hub = useHub({
  'owner/tiny': { files: model },
  'owner/private': { files: model, token: TOKEN },
  'owner/pickle': { files: { 'config.json': config, 'pytorch_model.bin': pickle } },
  'owner/hostile': { files: { ...model, '../../escape.json': config } },
  'owner/folders': { files: { 'unet/config.json': config, 'unet/model.safetensors': weights(2) } },
  'owner/words': { files: { 'README.md': Buffer.from('# x') } },
});

it.each<[string, SnapshotOptions, number, RegExp]>([
  ['owner/private', {}, 401, /answered 401\. It is private, gated or misspelt: set HF_TOKEN/],
  [
    'owner/private',
    { token: 'hf_other' },
    403,
    /accept the model's conditions on https:.*owner\/private/,
  ],
  ['owner/unknown', {}, 404, /no such model or revision: check the spelling/],
  [
    'owner/tiny',
    { revision: 'v2' },
    404,
    /owner\/tiny \(v2\): the hub answered 404.*no such branch, tag/,
  ],
])('%s %j: %d', async (id, options, status, message) => {
  const error: unknown = await hub.download(id, options).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(HubError);
  expect((error as HubError).status).toBe(status);
  expect((error as HubError).message).toMatch(message);
  expect((error as HubError).message).not.toContain('hf_other');
});

it('of a model with pickles only', async () => {
  await expect(hub.download('owner/pickle')).rejects.toThrow(
    /only pytorch_model\.bin, which can run code .*'refs\/pr\/<n>'.*safe_serialization=True/s,
  );
  expect(hub.bodies()).toEqual([]);
});

it('of a repository without a model', async () => {
  await expect(hub.download('owner/words')).rejects.toThrow(/found none\. Is it a model\?/);
});

it('of a subfolder that is not there names those that are', async () => {
  await expect(hub.download('owner/folders', { subfolder: 'vae' })).rejects.toThrow(
    /expected safetensors weights below vae\/, found none\. The repository has the folders unet\./,
  );
});

it('of a listing that leaves the folder', async () => {
  await expect(hub.download('owner/hostile')).rejects.toThrow(
    /path inside the repository, got "\.\.\/\.\.\/escape/,
  );
  expect(existsSync(hub.root('owner/hostile'))).toBe(false);
});

it('of the token is as the options say', async () => {
  const tokenFile = path.join(hub.cacheDir, 'token');
  writeFileSync(tokenFile, `${TOKEN}\n`);
  const sent = async (options: SnapshotOptions) => {
    rmSync(hub.root('owner/private'), { recursive: true, force: true });
    return hub.download('owner/private', options).then(
      () => 'given',
      (error: unknown) => (error as HubError).status,
    );
  };
  expect(await sent({})).toBe('given');
  expect(await sent({ token: true })).toBe('given');
  expect(await sent({ token: false })).toBe(401);
  vi.stubEnv('HF_HUB_DISABLE_IMPLICIT_TOKEN', '1');
  expect(await sent({})).toBe(401);
  expect(await sent({ token: true })).toBe('given');
  rmSync(tokenFile);
  await expect(hub.download('owner/private', { token: true })).rejects.toThrow(
    /token: true asks for the stored token, and there is none\. Set HF_TOKEN/,
  );
});

it('of a full disk is not taken for one of the network', async () => {
  writeFileSync(hub.root('owner/tiny'), ''); // a file where the folder should be
  await expect(hub.download('owner/tiny')).rejects.toThrow(/EEXIST|ENOTDIR/);
});
