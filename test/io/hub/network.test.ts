/** The network between here and the hub: redirects, broken connections, a hub that is busy or lies. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import type { HubProgress } from '../../../lib/io/hub';
import { cachedSnapshot } from './cached-snapshot';
import { config, model, TOKEN, useHub } from './hub-fixture';
import { checksum, json } from './hub-server';

const hub = useHub({
  'owner/tiny': { files: model },
  'owner/private': { files: model, token: TOKEN },
  'owner/mirror': { files: model, token: 'a-token-of-a-mirror' },
});
const { server } = hub;

/** Lets the first requests for the weights end after some bytes. */
function cutConnections(count: number, after: number): void {
  let cuts = 0;
  server.fault = (request, response) => {
    if (request.url !== '/owner/tiny/model.safetensors' || cuts++ >= count) return false;
    const start = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
    response.writeHead(start > 0 ? 206 : 200);
    response.write(model['model.safetensors'].subarray(start, start + after), () =>
      response.destroy(),
    );
    return true;
  };
}

const isWhole = (folder: string) =>
  readFileSync(path.join(folder, 'model.safetensors')).equals(model['model.safetensors']);

it('redirects to another host, which does not get the token', async () => {
  await hub.download('owner/private', { token: TOKEN });
  expect(hub.bodies().map(({ authorization }) => authorization)).toEqual([undefined]);
  const own = server.requests.filter(({ url }) => url.startsWith('/api/'));
  expect(own.every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true);
});

it('is a mirror with tokens of its own form', async () => {
  await hub.download('owner/mirror', { token: 'a-token-of-a-mirror\n' });
});

it.each(['', '/', '///'])('has an address that ends with %j', async (end) => {
  vi.stubEnv('HF_ENDPOINT', `${server.endpoint}${end}`);
  await hub.download('owner/tiny', { endpoint: undefined });
  await hub.download('owner/private', { endpoint: `${server.endpoint}${end}`, token: TOKEN });
  expect(server.requests.some(({ url }) => url.startsWith('//'))).toBe(false);
});

it.each(['', 'localhost:1', 'ftp://hub', 'http://'])('has no address in %j', async (endpoint) => {
  await expect(hub.download('owner/tiny', { endpoint })).rejects.toThrow(
    /expected the hub's address \(HF_ENDPOINT, or the option 'endpoint'\) to begin with https/,
  );
});

it('cuts the connection: the download goes on where it broke', async () => {
  cutConnections(3, 100_000);
  const folder = await hub.download('owner/tiny');
  expect(hub.bodies().map(({ range }) => range)).toEqual([
    undefined,
    'bytes=100000-',
    'bytes=200000-',
    'bytes=300000-',
  ]);
  expect(isWhole(folder)).toBe(true);
});

it('stays cut: the error says so, and a later call goes on from there', async () => {
  cutConnections(2, 100_000);
  await expect(hub.download('owner/tiny', { maxRetries: 0 })).rejects.toThrow(
    /the hub could not be reached .* A later call goes on/,
  );
  expect(cachedSnapshot('owner/tiny', { cacheDir: hub.cacheDir })).toBeNull();
  server.fault = () => false;
  await hub.download('owner/tiny');
  expect(hub.bodies().at(-1)!.range).toBe('bytes=100000-');
});

it('sends all of the file again where parts cannot be asked for', async () => {
  cutConnections(1, 100_000);
  server.ranges = false;
  const seen: HubProgress[] = [];
  const folder = await hub.download('owner/tiny', {
    onProgress: (progress) => seen.push(progress),
  });
  expect(isWhole(folder)).toBe(true);
  expect(seen.at(-1)!.received).toBe(seen.at(-1)!.total);
});

it('falls silent in the middle of a file: HF_HUB_DOWNLOAD_TIMEOUT ends the wait', async () => {
  vi.stubEnv('HF_HUB_DOWNLOAD_TIMEOUT', '1');
  let stalls = 0;
  server.fault = ({ url }, response) => {
    if (url !== '/owner/tiny/model.safetensors' || stalls++ > 0) return false;
    response.writeHead(200);
    response.write(model['model.safetensors'].subarray(0, 100_000));
    return true;
  };
  expect(isWhole(await hub.download('owner/tiny'))).toBe(true);
  expect(hub.bodies().map(({ range }) => range)).toEqual([undefined, 'bytes=100000-']);
});

it('does not answer at all: HF_HUB_ETAG_TIMEOUT ends the wait, and is named', async () => {
  vi.stubEnv('HF_HUB_ETAG_TIMEOUT', '1');
  server.fault = () => true;
  await expect(hub.download('owner/tiny', { maxRetries: 0 })).rejects.toThrow(
    /could not be reached \(nothing came for 1 s; HF_HUB_ETAG_TIMEOUT sets how long to wait\)/,
  );
});

it('is busy (429, 503): the time that it asks for is waited', async () => {
  let refusals = 0;
  server.fault = (_, response) => {
    if (refusals >= 3) return false;
    refusals += 1;
    json(response, refusals === 3 ? 503 : 429, {}, refusals === 1 ? { 'retry-after': '1' } : {});
    return true;
  };
  const start = performance.now();
  await hub.download('owner/tiny');
  expect(refusals).toBe(3);
  expect(performance.now() - start).toBeGreaterThan(990); // the second that it asked for
});

it('stays busy', async () => {
  server.fault = (_, response) => (json(response, 429, {}), true);
  await expect(hub.download('owner/tiny', { maxRetries: 1 })).rejects.toMatchObject({
    status: 429,
    message: expect.stringMatching(/answered 429\. The hub asks to wait/) as string,
  });
});

it('sends other bytes than it promised: nothing of them is kept', async () => {
  server.lie = '0'.repeat(64);
  await expect(hub.download('owner/tiny')).rejects.toThrow(
    /model\.safetensors: expected the checksum 0{64}, found [0-9a-f]{64}\. The download was removed/,
  );
  const blobs = readdirSync(path.join(hub.root('owner/tiny'), 'blobs'));
  expect(blobs).toEqual([checksum('config.json', config)]);
  expect(cachedSnapshot('owner/tiny', { cacheDir: hub.cacheDir })).toBeNull();
});

it('is stopped by the signal', async () => {
  const signal = AbortSignal.abort();
  await expect(hub.download('owner/tiny', { signal })).rejects.toThrow(/abort/i);
});
