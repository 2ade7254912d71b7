/** The hub cannot be reached, or does not give the model: the cache's snapshot is given if it is whole. */
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { beforeEach, expect, it, vi } from 'vitest';
import type { SnapshotOptions } from '../../../lib/io/hub';
import { IncompleteSnapshotError } from '../../../lib/io/hub/errors';
import { config, TOKEN, useHub, weights } from './hub-fixture';
import { COMMIT, json, type Fault } from './hub-server';

const files = {
  'config.json': config,
  'model.safetensors': weights(3),
  'sub/config.json': config,
  'sub/model.safetensors': weights(4),
};
const hub = useHub({
  'owner/model': { files },
  'owner/private': { files, token: TOKEN },
});

let warnings: string[];
const onWarning = (message: string) => warnings.push(message);
beforeEach(() => {
  warnings = [];
});

const answers =
  (status: number): Fault =>
  (_, response) => (json(response, status, { error: 'no' }), true);

it.each<[string, Fault, RegExp]>([
  ['is not there', ({ socket }) => (socket.destroy(), true), /could not be reached/],
  ['is down (500)', answers(500), /answered 500/],
  ['is down (503)', answers(503), /answered 503/],
  ['is busy', answers(429), /answered 429/],
  ['wants a token', answers(401), /answered 401/],
  ['refuses', answers(403), /answered 403/],
  ['does not know the model any more', answers(404), /answered 404/],
  [
    'is a hotel asking for a room number',
    (_, response) => (response.end('<html>'), true),
    /could not be reached .*JSON/,
  ],
])('the hub %s: the snapshot, a warning, and no second try', async (_, fault, why) => {
  const folder = await hub.download('owner/model');
  hub.server.fault = fault;
  hub.server.requests.length = 0;
  expect(await hub.download('owner/model', { onWarning })).toBe(folder);
  expect(hub.server.requests).toHaveLength(1);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(why);
  expect(warnings[0]).toMatch(
    new RegExp(
      `The snapshot in the cache is used \\(commit ${COMMIT}\\); the hub may have a newer`,
    ),
  );
});

it('nobody listens at the address', async () => {
  const folder = await hub.download('owner/model');
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  const options = { endpoint: `http://127.0.0.1:${port}`, onWarning };
  expect(await hub.download('owner/model', options)).toBe(folder);
  expect(warnings).toEqual([
    expect.stringMatching(/could not be reached \(fetch failed: .*ECONNREFUSED/),
  ]);
});

it('without onWarning the warning is one of the process', async () => {
  const folder = await hub.download('owner/model');
  hub.unplug();
  const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  expect(await hub.download('owner/model')).toBe(folder);
  expect(emitted.mock.calls).toEqual([
    [expect.stringMatching(/snapshot in the cache is used/), 'HubWarning'],
  ]);
  emitted.mockRestore();
});

it.each<SnapshotOptions>([{}, { revision: 'main', subfolder: 'sub/' }, { revision: COMMIT }])(
  'what is asked for is there: %j',
  async (options) => {
    const folder = await hub.download('owner/model');
    rmSync(`${hub.root('owner/model')}/trees`, { recursive: true });
    hub.unplug();
    expect(await hub.download('owner/model', { ...options, onWarning })).toBe(folder);
    expect(warnings).toHaveLength(1);
  },
);

it('only a part is there: the error says both', async () => {
  await hub.download('owner/model', { subfolder: 'sub' });
  hub.unplug();
  const error: unknown = await hub
    .download('owner/model', { onWarning, maxRetries: 0 })
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(IncompleteSnapshotError);
  const { message, missing } = error as IncompleteSnapshotError;
  expect(missing).toEqual(['config.json', 'model.safetensors']);
  expect(message).toMatch(
    /is incomplete: 2 files are missing \(config\.json, model\.safetensors\)/,
  );
  expect(message).toMatch(/the hub could not be reached \(/);
  expect(warnings).toEqual([]);
});

it('nothing is there: the error is that of the hub', async () => {
  hub.unplug();
  await expect(hub.download('owner/model', { maxRetries: 1 })).rejects.toThrow(
    /^owner\/model \(main\): the hub could not be reached/,
  );
  expect(hub.server.requests).toHaveLength(2);
});

it('a revision that the hub does not know is no reason to give an old one', async () => {
  await hub.download('owner/model');
  await expect(hub.download('owner/model', { revision: 'v9', onWarning })).rejects.toMatchObject({
    status: 404,
  });
  expect(warnings).toEqual([]);
});

it('a private model, downloaded with the token, is there without it', async () => {
  const folder = await hub.download('owner/private', { token: TOKEN });
  expect(await hub.download('owner/private', { onWarning })).toBe(folder);
  expect(warnings[0]).toMatch(/answered 401/);
});

it('a call that was stopped gives nothing', async () => {
  await hub.download('owner/model');
  const signal = AbortSignal.abort();
  await expect(hub.download('owner/model', { signal, onWarning })).rejects.toThrow(/abort/i);
  expect(warnings).toEqual([]);
});
