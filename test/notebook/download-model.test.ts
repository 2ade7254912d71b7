/** The bar of a download, from a hub on this machine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { downloadModel, type DownloadOptions } from '../../lib/notebook/download-model';
import type { HubProgress } from '../../lib/io/hub';
import { cachedSnapshot } from '../io/hub/cached-snapshot';
import { fakeNotebook } from '../support/notebook';
import { HubServer } from '../io/hub/hub-server';

const weights = Buffer.alloc(5_400_000, 1);
const server = new HubServer({
  'owner/model': {
    files: { 'config.json': Buffer.from('{}'), 'model.safetensors': weights },
  },
});
beforeAll(() => server.start());
afterAll(() => server.stop());

let cacheDir: string;
beforeEach(() => {
  cacheDir = mkdtempSync(path.join(tmpdir(), 'bar-'));
  vi.stubEnv('HF_TOKEN', '');
  vi.stubEnv('HF_HUB_OFFLINE', '');
  server.requests.length = 0;
  server.fault = () => false;
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cacheDir, { recursive: true });
});

const download = (options: DownloadOptions = {}) =>
  downloadModel('owner/model', { cacheDir, endpoint: server.endpoint, retryDelay: 5, ...options });

/** After so many bytes of the weights nothing more comes. */
function stall(after: number): void {
  server.fault = ({ url }, response) => {
    if (url !== '/owner/model/model.safetensors') return false;
    response.writeHead(200);
    response.write(weights.subarray(0, after));
    return true;
  };
}

const textOf = (message: { data: Record<string, unknown> } | undefined) =>
  String(message?.data['text/plain']);

it('counts megabytes up to all of them, and names the file', async () => {
  const { sent } = fakeNotebook();
  const seen: number[] = [];
  const folder = await download({ onProgress: ({ received }) => seen.push(received) });
  expect(folder).toBe(cachedSnapshot('owner/model', { cacheDir }));
  expect(new Set(sent.map(({ displayId }) => displayId)).size).toBe(1);
  expect(textOf(sent.at(-1))).toMatch(
    /^owner\/model: 100%\|█{20}\| 6\/6 \[.* MB\/s, file=model\.safetensors\]$/,
  );
  expect(seen.at(-1)).toBe(weights.length + 2);
  await download(); // all is there
  expect(textOf(sent.at(-1))).toMatch(/100%.*6\/6/);
});

it('stays where it broke, and is marked', async () => {
  const { sent } = fakeNotebook();
  let refused = false;
  server.fault = ({ url }, response) => {
    if (url !== '/owner/model/model.safetensors') return false;
    refused = true;
    response.writeHead(200);
    response.write(weights.subarray(0, 3_000_000), () => response.destroy());
    return true;
  };
  await expect(download({ maxRetries: 0 })).rejects.toThrow(/the hub could not be reached/);
  expect(refused).toBe(true);
  expect(textOf(sent.at(-1))).toMatch(/ 50%\|.* 3\/6 \[.*\] stopped$/);
});

it("is ended by the notebook's Stop, and goes on from there", async () => {
  const { sent, stops } = fakeNotebook();
  stall(3_000_000);
  const onProgress = ({ received }: HubProgress) => {
    if (received >= 3_000_000 + 2) stops.forEach((controller) => controller.abort());
  };
  await expect(download({ onProgress })).rejects.toMatchObject({
    name: 'Interrupted',
    message: 'owner/model: the download was stopped. Called again, it goes on from there.',
  });
  expect(stops.size).toBe(0);
  expect(textOf(sent.at(-1))).toMatch(/3\/6 .*stopped$/);
  server.fault = () => false;
  await download();
  expect(server.requests.at(-1)?.range).toBe('bytes=3000000-');
  expect(textOf(sent.at(-1))).toMatch(/100%/);
});

it('outside a notebook goes to the given output, or nowhere', async () => {
  const written: string[] = [];
  await download({ output: { write: (text) => written.push(text) } });
  expect(written.join('')).toMatch(/^owner\/model: 100%.*\n$/);
});

it('of an unknown model: no bar, the error of the hub', async () => {
  const { sent } = fakeNotebook();
  await expect(
    downloadModel('owner/none', { endpoint: server.endpoint, cacheDir }),
  ).rejects.toThrow(/answered 404/);
  expect(sent).toEqual([]);
});
