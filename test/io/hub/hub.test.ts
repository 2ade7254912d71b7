import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { snapshotDownload, type HubProgress, type SnapshotOptions } from '../../../lib/io/hub';
import { hubToken } from '../../../lib/io/hub/environment';
import { isModelId } from '../../../lib/io/hub/names';
import { cachedSnapshot as cachedSnapshotAt } from '../../../lib/io/hub/snapshots';
const cachedSnapshot = (id: string, { cache }: { cache: string }) => cachedSnapshotAt(id, { cacheDir: cache });
import { HubError } from '../../../lib/io/hub/errors';
import { fromFloat32Array, serializeSafetensors } from '../../../lib/io/safetensors';
import { withFailingCall } from '../../support/failing-fs';
import { checksum, COMMIT, HubServer, json } from './hub-server';

const weights = (size: number) =>
  Buffer.from(
    serializeSafetensors(new Map([['w', fromFloat32Array(new Float32Array(size), [size])]])),
  );
const config = Buffer.from('{"hidden_size": 32}');
const TOKEN = 'hf_secret';
const model = {
  'config.json': config,
  'model.safetensors': weights(100_000),
  'README.md': Buffer.from('# x'),
};

const server = new HubServer({
  'owner/tiny': { files: { ...model, 'pytorch_model.bin': Buffer.from('pickle') } },
  'owner/pickle': { files: { 'config.json': config, 'pytorch_model.bin': Buffer.from('pickle') } },
  'owner/private': { files: model, token: TOKEN },
  'owner/hostile': { files: { ...model, '../../escape.json': config } },
  'owner/pipe': {
    files: {
      'model_index.json': Buffer.from('{}'),
      'all-in-one.safetensors': weights(9),
      'unet/config.json': config,
      'unet/diffusion_pytorch_model.safetensors': weights(5),
      'unet/diffusion_pytorch_model.fp16.safetensors': weights(6),
      'tokenizer/merges.txt': Buffer.from('a b'),
      'scheduler/scheduler_config.json': Buffer.from('{}'),
    },
  },
});

let cacheDir: string;
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => {
  cacheDir = mkdtempSync(path.join(tmpdir(), 'hub-'));
  vi.stubEnv('HF_TOKEN', '');
  vi.stubEnv('HF_HUB_OFFLINE', '');
  vi.stubEnv('HF_HOME', cacheDir);
  server.requests.length = 0;
  server.fault = () => false;
  server.ranges = true;
  server.lie = undefined;
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cacheDir, { recursive: true });
});

const download = (id = 'owner/tiny', options: SnapshotOptions = {}) =>
  snapshotDownload(id, { cacheDir, endpoint: server.endpoint, retryDelay: 5, ...options });

const bodies = () =>
  server.requests.filter(({ url }) => !url.startsWith('/api/') && !url.includes('/resolve/'));

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

describe('a download', () => {
  it('lays the cache out as Python does, and takes only what loads a model', async () => {
    const seen: HubProgress[] = [];
    const folder = await download('owner/tiny', { onProgress: (progress) => seen.push(progress) });
    const root = path.join(cacheDir, 'models--owner--tiny');
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
    expect(seen.every(({ received }, i) => i === 0 || received >= seen[i - 1]!.received)).toBe(
      true,
    );
  });

  it('is not done again, and is found offline', async () => {
    const folder = await download();
    const before = bodies().length;
    expect(await download()).toBe(folder);
    expect(bodies().length).toBe(before);
    server.requests.length = 0;
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await download()).toBe(folder);
    expect(await download('owner/tiny', { revision: COMMIT })).toBe(folder);
    expect(cachedSnapshot('owner/tiny', { cache: cacheDir })).toBe(folder);
    await expect(download('owner/other')).rejects.toThrow(/not in the cache .* offline mode is on/);
    expect(server.requests).toEqual([]);
  });

  it('of a revision that is a pull request', async () => {
    await download('owner/tiny', { revision: 'refs/pr/1' });
    const ref = path.join(cacheDir, 'models--owner--tiny', 'refs', 'refs', 'pr', '1');
    expect(readFileSync(ref, 'utf8')).toBe(COMMIT);
  });

  it('of a pipeline leaves out what would load twice; a subfolder alone can be asked for', async () => {
    const folder = await download('owner/pipe');
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
    rmSync(path.join(cacheDir, 'models--owner--pipe'), { recursive: true });
    const unet = await download('owner/pipe', { subfolder: 'unet' });
    expect(readdirSync(unet)).toEqual(['unet']);
  });
});

describe('the network', () => {
  it('redirects to another host, which does not get the token', async () => {
    await download('owner/private', { token: TOKEN });
    expect(bodies().map(({ authorization }) => authorization)).toEqual([undefined]);
    const own = server.requests.filter(({ url }) => url.startsWith('/api/'));
    expect(own.every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true);
  });

  it('cuts the connection: the download goes on where it broke', async () => {
    cutConnections(3, 100_000);
    const folder = await download();
    expect(bodies().map(({ range }) => range)).toEqual([
      undefined,
      'bytes=100000-',
      'bytes=200000-',
      'bytes=300000-',
    ]);
    const bytes = readFileSync(path.join(folder, 'model.safetensors'));
    expect(bytes.equals(model['model.safetensors'])).toBe(true);
  });

  it('stays cut: the error says so, and a later call goes on from there', async () => {
    cutConnections(2, 100_000);
    await expect(download('owner/tiny', { maxRetries: 0 })).rejects.toThrow(
      /the hub could not be reached .* A later call goes on/,
    );
    expect(cachedSnapshot('owner/tiny', { cache: cacheDir })).toBeNull();
    server.fault = () => false;
    await download();
    expect(bodies().at(-1)!.range).toBe('bytes=100000-');
  });

  it('sends all of the file again where parts cannot be asked for', async () => {
    cutConnections(1, 100_000);
    server.ranges = false;
    const seen: HubProgress[] = [];
    const folder = await download('owner/tiny', { onProgress: (progress) => seen.push(progress) });
    const bytes = readFileSync(path.join(folder, 'model.safetensors'));
    expect(bytes.equals(model['model.safetensors'])).toBe(true);
    expect(seen.at(-1)!.received).toBe(seen.at(-1)!.total);
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
    await download();
    expect(refusals).toBe(3);
    expect(performance.now() - start).toBeGreaterThan(990); // the second that it asked for
  });

  it('stays busy', async () => {
    server.fault = (_, response) => (json(response, 429, {}), true);
    await expect(download('owner/tiny', { maxRetries: 1 })).rejects.toMatchObject({
      status: 429,
      message: expect.stringMatching(/answered 429\. The hub asks to wait/) as string,
    });
  });

  it('sends other bytes than it promised: nothing of them is kept', async () => {
    server.lie = '0'.repeat(64);
    await expect(download()).rejects.toThrow(
      /model\.safetensors: expected the checksum 0{64}, found [0-9a-f]{64}\. The download was removed/,
    );
    const blobs = readdirSync(path.join(cacheDir, 'models--owner--tiny', 'blobs'));
    expect(blobs).toEqual([checksum('config.json', config)]);
    expect(cachedSnapshot('owner/tiny', { cache: cacheDir })).toBeNull();
  });

  it('is stopped by the signal', async () => {
    const signal = AbortSignal.abort();
    await expect(download('owner/tiny', { signal })).rejects.toThrow(/abort/i);
  });
});

describe('a refusal says what to do', () => {
  it.each<[string, SnapshotOptions, number, RegExp]>([
    ['owner/private', {}, 401, /answered 401\. It is private, gated or misspelt: set HF_TOKEN/],
    [
      'owner/private',
      { token: 'hf_other' },
      403,
      /accept the model's conditions on https:.*owner\/private/,
    ],
    ['owner/unknown', {}, 404, /no such model or revision: check the spelling/],
    ['owner/tiny', { revision: 'v2' }, 404, /owner\/tiny \(v2\): the hub answered 404/],
  ])('%s %j: %d', async (id, options, status, message) => {
    const error: unknown = await download(id, options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(HubError);
    expect((error as HubError).status).toBe(status);
    expect((error as HubError).message).toMatch(message);
    expect((error as HubError).message).not.toContain('hf_other');
  });

  it('of a model with pickles only', async () => {
    await expect(download('owner/pickle')).rejects.toThrow(
      /only pytorch_model\.bin, which can run code .*'refs\/pr\/<n>'.*safe_serialization=True/s,
    );
    expect(bodies()).toEqual([]);
  });

  it('of a listing that leaves the folder', async () => {
    await expect(download('owner/hostile')).rejects.toThrow(
      /path inside the repository, got "\.\.\/\.\.\/escape/,
    );
    expect(existsSync(path.join(cacheDir, 'models--owner--hostile'))).toBe(false);
  });
});

it('the token comes from HF_TOKEN, or from the file that the login wrote', async () => {
  expect(hubToken()).toBeUndefined();
  writeFileSync(path.join(cacheDir, 'token'), `${TOKEN}\n`);
  expect(hubToken()).toBe(TOKEN);
  vi.stubEnv('HF_TOKEN', 'hf_other');
  expect(hubToken()).toBe('hf_other');
  vi.stubEnv('HF_TOKEN', TOKEN);
  await download('owner/private');
});

/** huggingface_hub's own list (tests/test_utils_validators.py), and names made to leave the folder. */
const HOSTILE = [
  '',
  '.',
  '..',
  '../x',
  'a/..',
  '/etc/passwd',
  '~',
  '~/x',
  'a/b/c',
  'datasets/foo/bar',
  '.repo_id',
  'repo_id.',
  'foo--bar',
  'foo..bar',
  'foo.git',
  'x'.repeat(97),
  'a\0b',
  'a\\b',
  '..\\x',
  'C:\\x',
  'a b',
  'ａ．．ｂ',
  '․․/x',
  'a/\u202eb',
  'a//b',
  '-x',
  'a/.b',
  '%2e%2e/x',
  'a\nb',
  '$(x)',
];

it.each(HOSTILE)('the name %j is refused before anything is touched', async (id) => {
  expect(isModelId(id)).toBe(false);
  const { paths, value } = withFailingCall(0, '', () => download(id));
  await expect(value).rejects.toThrow(/expected a model id like/);
  await expect(download('owner/tiny', { revision: id || '..' })).rejects.toThrow(
    /expected a revision|answered 404/,
  );
  expect([...paths]).toEqual([]);
  expect(readdirSync(cacheDir).filter((name) => name !== 'models--owner--tiny')).toEqual([]);
});
