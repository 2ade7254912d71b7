/** Pictures decoded once into a file: the same bytes, found again, made anew where anything changed. */
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import {
  cacheImageFolder,
  type CacheImageFolderOptions,
} from '../../lib/image-datasets/image-cache';
import { loadImageFolder } from '../../lib/image-datasets/load-image-folder';
import { datasetIdentity } from '../../lib/training/dataset-identity';
import { temporaryFolder } from '../support/temporary';
import { folderOf, jsonl, png } from './pictures';

const cacheDir = mkdtempSync(path.join(tmpdir(), 'image-cache-'));
afterAll(() => rmSync(cacheDir, { recursive: true }));

const COUNT = 40;
const files = () => ({
  ...Object.fromEntries(
    Array.from({ length: COUNT }, (_, i) => [`${i}.png`, png([i, 2 * i, 255 - i], 11, 13)]),
  ),
  'metadata.jsonl': jsonl(
    ...Array.from({ length: COUNT }, (_, i) => ({
      file_name: `${i}.png`,
      text: [`picture ${i}`, `number ${i}`],
    })),
  ),
});
const open = async (folder: string, options: Partial<CacheImageFolderOptions> = {}) => {
  const cached = await cacheImageFolder(folder, { size: 9, cacheDir, ...options });
  afterAll(() => cached.close());
  return cached;
};

it('has what loadImageFolder has, and is opened again', async () => {
  const folder = folderOf(files());
  const loaded = await loadImageFolder(folder, { size: 9 });
  const first = await open(folder);
  const second = await open(folder);
  expect([first.fromCache, second.fromCache]).toEqual([false, true]);
  for (const cached of [first, second]) {
    const all = await cached.source.read(Int32Array.from({ length: COUNT }, (_, i) => i));
    expect(Buffer.from(all).equals(Buffer.from(loaded.images.data))).toBe(true);
    expect(cached.source.shape).toEqual([COUNT, 9, 9, 3]);
    expect(cached.captions).toEqual(loaded.captions);
    expect([...cached.captionIds]).toEqual([...loaded.captionIds]);
    expect(cached.captionChoices).toEqual(loaded.captionChoices);
    expect(String(cached.report)).toBe(String(loaded.report));
    expect(datasetIdentity(cached)).toEqual(datasetIdentity(loaded));
    expect(cached.inMemory()!.images.data).toEqual(loaded.images.data);
    expect(cached.inMemory(1e-12)).toBeUndefined();
  }
});

it('reads places in any order, and twice; ahead or not', async () => {
  const folder = folderOf(files());
  const { source } = await open(folder);
  const reds = (bytes: Uint8Array) =>
    Array.from({ length: bytes.length / 243 }, (_, i) => bytes[i * 243 + 120]);
  const indices = Int32Array.of(7, 39, 0, 7);
  source.readAhead(indices);
  expect(reds(await source.read(Int32Array.of(3)))).toEqual([3]); // not what was read ahead
  expect(reds(await source.read(indices))).toEqual([7, 39, 0, 7]);
  source.readAhead(Int32Array.of(1, 2));
  expect(reds(await source.read(Int32Array.of(1, 2)))).toEqual([1, 2]);
  await expect(source.read(Int32Array.of(COUNT))).rejects.toThrow(
    /expected places from 0 to 39, got 40/,
  );
  source.close();
  await expect(source.read(Int32Array.of(1))).rejects.toThrow(
    /expected an open file, it is closed/,
  );
});

it('is made anew for another option, another file, a file that changed, and a cache that was cut', async () => {
  const folder = folderOf(files());
  expect((await open(folder)).fromCache).toBe(false);
  expect((await open(folder, { channels: 1 })).fromCache).toBe(false);
  expect((await open(folder, { maxSamples: 5 })).length).toBe(5);
  expect((await open(folder)).fromCache).toBe(true);
  writeFileSync(path.join(folder, '0.png'), png([99, 99, 99], 11, 13));
  utimesSync(path.join(folder, '0.png'), 1, 1);
  const changed = await open(folder);
  expect(changed.fromCache).toBe(false);
  expect((await changed.source.read(Int32Array.of(0)))[0]).toBe(99);
  truncateSync(changed.source.path, 100);
  const whole = await open(folder);
  expect(whole.fromCache).toBe(false);
  expect((await whole.source.read(Int32Array.of(0)))[0]).toBe(99);
});

it('leaves nothing half done after an error', async () => {
  const folder = folderOf({ ...files(), '20.png': 'no picture' });
  const own = temporaryFolder('image-cache');
  afterAll(() => rmSync(own, { recursive: true }));
  await expect(open(folder, { cacheDir: own })).rejects.toThrow(/row 21: expected an image/);
  const left = readdirSync(own, { recursive: true }).map(String);
  expect(left.filter((name) => /bin|json/.test(name))).toEqual([]);
  const { report, fromCache } = await open(folder, { cacheDir: own, onError: 'skip' });
  expect([report.images, report.skipped, fromCache]).toEqual([COUNT - 1, 1, false]);
  const index = readdirSync(own, { recursive: true })
    .map(String)
    .find((name) => name.endsWith('index.json'))!;
  expect(readFileSync(path.join(own, index), 'utf8')).toContain('"skipped":1');
});

it('refuses a transform', async () => {
  const transform = { forward: <T>(image: T) => image };
  await expect(cacheImageFolder('.', { size: 8, transform })).rejects.toThrow(
    /expected no transform/,
  );
});

it('begins at the user’s home where the folder begins with ~, as loadImageFolder does', async () => {
  const folder = folderOf({ 'a.png': png([1, 2, 3], 4, 4), 'a.txt': 'one' });
  vi.stubEnv('HOME', path.dirname(folder));
  try {
    const fromHome = `~/${path.basename(folder)}`;
    const cached = await cacheImageFolder(fromHome, { size: 4, cacheDir });
    expect(cached.captions).toEqual(['one']);
    cached.close();
    expect((await loadImageFolder(fromHome, { size: 4 })).captions).toEqual(['one']);
  } finally {
    vi.unstubAllEnvs();
  }
});

it('a folder or options that are none are told', async () => {
  await expect(cacheImageFolder(5 as unknown as string, { size: 4 })).rejects.toThrow(
    'cacheImageFolder: expected a folder, got 5',
  );
  const none = undefined as unknown as CacheImageFolderOptions;
  await expect(cacheImageFolder('x', none)).rejects.toThrow(
    'expected options such as { size: 32 }',
  );
});
