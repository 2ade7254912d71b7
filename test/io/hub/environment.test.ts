/** The hub's environment variables. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { expandUser, hubSettings, hubToken } from '../../../lib/io/hub/environment';
import { CASES, environmentOf, placed, resolved, writeTokens, type Case } from './environments';
import { model, TOKEN, useHub } from './hub-fixture';

const hub = useHub({ 'owner/private': { files: model, token: TOKEN } });
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'environment-'));
  writeTokens(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each(CASES.map((entry): [string, Case] => [JSON.stringify(entry[0]), entry]))(
  '%s',
  (_, entry) => {
    expect(resolved(environmentOf(entry, folder))).toMatchObject(placed(entry[1], folder));
  },
);

it.each(['', 'ten', '1.5', '-1', '0x10', '1__0'])('a timeout of %j is no number', (text) => {
  expect(() => hubSettings({ HF_HUB_ETAG_TIMEOUT: text })).toThrow(
    /^HF_HUB_ETAG_TIMEOUT: expected a whole number of seconds, got "/,
  );
});

it('a token that is there and cannot be read is named', () => {
  expect(() => hubToken({ HF_TOKEN_PATH: folder })).toThrow(
    /expected a token in the file .*cannot be read \(EISDIR.*Set HF_TOKEN_PATH to the file, or HF_TOKEN/,
  );
});

it('without HOME the home folder is that of the user', () => {
  expect(expandUser('~/x', {})).toMatch(/^\/.*\/x$/);
  expect(expandUser('~/x', { HOME: homedir() })).toBe(path.join(homedir(), 'x'));
});

it('is that of the process', async () => {
  vi.stubEnv('HF_HUB_CACHE', '$HF_HOME/models');
  vi.stubEnv('HF_TOKEN', `${TOKEN}\n`);
  vi.stubEnv('HF_ENDPOINT', `${hub.server.endpoint}/`);
  await hub.download('owner/private', { cacheDir: undefined, endpoint: undefined });
  expect(readdirSync(path.join(hub.cacheDir, 'models'))).toEqual(['models--owner--private']);
});

it('the option cacheDir knows ~ too', async () => {
  vi.stubEnv('HOME', hub.cacheDir);
  await hub.download('owner/private', { cacheDir: '~/mine', token: TOKEN });
  expect(readdirSync(path.join(hub.cacheDir, 'mine'))).toEqual(['models--owner--private']);
});

it("HF_HUB_CACHE='' is the present folder", async () => {
  vi.stubEnv('HF_HUB_CACHE', '');
  const before = process.cwd();
  const present = path.join(hub.cacheDir, 'present');
  mkdirSync(present);
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(present);
  await hub.download('owner/private', { cacheDir: undefined, token: TOKEN });
  cwd.mockRestore();
  expect(process.cwd()).toBe(before);
  expect(readdirSync(present)).toEqual(['models--owner--private']);
});
