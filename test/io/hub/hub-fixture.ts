/** A hub with small models, and a cache of its own for each test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { snapshotDownload, type SnapshotOptions } from '../../../lib/io/hub';
import { fromFloat32Array, serializeSafetensors } from '../../../lib/io/safetensors';
import { HubServer, type HubRepo } from './hub-server';

/** Safetensors with one tensor of so many numbers. */
export const weights = (size: number) =>
  Buffer.from(
    serializeSafetensors(new Map([['w', fromFloat32Array(new Float32Array(size), [size])]])),
  );

export const config = Buffer.from('{"hidden_size": 32}');
export const TOKEN = 'hf_secret';
export const model = {
  'config.json': config,
  'model.safetensors': weights(100_000),
  'README.md': Buffer.from('# x'),
};

/** Environment variables that change what the hub's functions do. */
const VARIABLES = [
  'HF_TOKEN',
  'HUGGING_FACE_HUB_TOKEN',
  'HF_TOKEN_PATH',
  'HF_HUB_OFFLINE',
  'TRANSFORMERS_OFFLINE',
  'HF_ENDPOINT',
  'HF_HUB_CACHE',
  'HUGGINGFACE_HUB_CACHE',
  'HF_HUB_DISABLE_IMPLICIT_TOKEN',
  'HF_HUB_DISABLE_SYMLINKS',
  'HF_HUB_ETAG_TIMEOUT',
  'HF_HUB_DOWNLOAD_TIMEOUT',
];

/** To be called once at a test file's top: the server runs, and each test has an empty cache, which is HF_HUB_CACHE. */
export function useHub(repos: Readonly<Record<string, HubRepo>>) {
  const server = new HubServer(repos);
  const hub = {
    server,
    cacheDir: '',
    /** Where the cache keeps a model. */
    root: (id: string) => path.join(hub.cacheDir, `models--${id.replace('/', '--')}`),
    download: (id: string, options: SnapshotOptions = {}) =>
      snapshotDownload(id, {
        cacheDir: hub.cacheDir,
        endpoint: server.endpoint,
        retryDelay: 5,
        ...options,
      }),
    /** The requests for the bytes of large files. */
    bodies: () =>
      server.requests.filter(({ url }) => !url.startsWith('/api/') && !url.includes('/resolve/')),
    /** Nobody answers. */
    unplug: () => {
      server.fault = (request) => (request.socket.destroy(), true);
    },
  };
  beforeAll(() => server.start());
  afterAll(() => server.stop());
  beforeEach(() => {
    hub.cacheDir = mkdtempSync(path.join(tmpdir(), 'hub-'));
    for (const name of VARIABLES) vi.stubEnv(name, undefined);
    vi.stubEnv('HF_HOME', hub.cacheDir);
    vi.stubEnv('HF_HUB_CACHE', hub.cacheDir);
    server.requests.length = 0;
    server.fault = () => false;
    server.ranges = true;
    server.lie = undefined;
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(hub.cacheDir, { recursive: true });
  });
  return hub;
}
