/** Data sets of the hub, by a server on this machine with small files of the real schemas. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { CIFAR10_UNET_CONFIG } from '../../lib/emoji/presets';
import { DatasetError } from '../../lib/image-datasets/errors';
import { loadDataset, type LoadDatasetOptions } from '../../lib/image-datasets/load-dataset';
import { loadImageFolder } from '../../lib/image-datasets/load-image-folder';
import { tokenLengths } from '../../lib/image-datasets/report';
import { recipeDataset } from '../../lib/mnist/recipe-data';
import { recipeParts } from '../../lib/mnist/recipe-parts';
import { RECIPES } from '../../lib/mnist/recipes';
import { TextToImageObjective } from '../../lib/training/text-to-image-objective';
import { Trainer } from '../../lib/training/trainer';
import { useHub } from '../io/hub/hub-fixture';
import { COMMIT } from '../io/hub/hub-server';
import { goldenFolder } from '../support/golden';
import { folderOf, jsonl, png } from './pictures';

const fixtures = goldenFolder('datasets');
const file = (name: string) => readFileSync(path.join(fixtures, name));
const cifar = Object.fromEntries(
  ['train', 'test'].map((split) => {
    const name = `plain_text/${split}-00000-of-00001.parquet`;
    return [name, file(`cifar10/${name}`)];
  }),
);
const hub = useHub({
  'uoft-cs/cifar10': { files: { ...cifar, 'README.md': Buffer.from('# CIFAR-10') } },
  'me/folder': {
    files: {
      'train/a.png': png([1, 2, 3]),
      'train/metadata.jsonl': Buffer.from(jsonl({ file_name: 'a.png', text: 'a picture' })),
      'test/b.png': png([4, 5, 6]),
      'test/metadata.jsonl': Buffer.from(jsonl({ file_name: 'b.png', text: 'another' })),
    },
  },
  'me/configurations': {
    files: {
      'x/train.parquet': file('codecs/none.parquet'),
      'y/train.parquet': file('codecs/zstd.parquet'),
    },
  },
  'me/text': { files: { 'train.jsonl': Buffer.from('{}') } },
});

const load = (id: string, options: Partial<LoadDatasetOptions> = {}) =>
  loadDataset(id, {
    size: 8,
    cacheDir: hub.cacheDir,
    endpoint: hub.server.endpoint,
    retryDelay: 5,
    ...options,
  });
const reds = ({ images }: Awaited<ReturnType<typeof load>>) =>
  Array.from({ length: images.shape[0]! }, (_, i) => images.get(i, 4, 4, 0));

describe('CIFAR-10 with its own columns', () => {
  it('img and label become images and captions by the names of the classes', async () => {
    const dataset = await load('uoft-cs/cifar10', { size: 32 });
    expect(dataset.images.shape).toEqual([8, 32, 32, 3]);
    expect(reds(dataset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const captions = [...dataset.captionIds].map((id) => dataset.captions[id]);
    // label (3 · i) % 10 of the names that the file has
    expect(captions).toEqual([
      'airplane',
      'cat',
      'frog',
      'truck',
      'bird',
      'dog',
      'ship',
      'automobile',
    ]);
    expect(dataset.report.splits).toEqual({ train: 1, test: 1 });
  });

  it('is what the recipe cifar10 is trained on', async () => {
    const { cacheDir, server } = hub;
    const recipe = { ...RECIPES.cifar10, trainer: { ...RECIPES.cifar10.trainer, batchSize: 2 } };
    expect(() => recipeParts(recipe)).toThrow(/uoft-cs\/cifar10.*recipeDataset\(RECIPES.cifar10\)/);
    const dataset = await recipeDataset(recipe, { cacheDir, endpoint: server.endpoint });
    expect(dataset.captions.slice(0, 3)).toEqual([
      'a photo of an airplane',
      'a photo of a cat',
      'a photo of a frog',
    ]);
    const unetConfig = { ...CIFAR10_UNET_CONFIG, block_out_channels: [32, 32, 32, 32] };
    const parts = recipeParts(recipe, { dataset, unetConfig });
    const { maxLength } = recipe.objective;
    expect(tokenLengths(dataset.captions, parts.tokenizer, maxLength).over).toBe(0);
    const objective = new TextToImageObjective(parts, recipe.objective);
    const trainer = new Trainer(objective, recipe.trainer);
    const { steps } = await trainer.fit({ maxSteps: 1 });
    expect(steps[0]!.loss).toBeGreaterThan(0);
    trainer.dispose();
    objective.dispose();
    parts.unet.dispose();
    parts.textEncoder.dispose();
  });

  it('only the split is downloaded, into the cache as Python lays it out', async () => {
    const captionOfLabel = (label: string) => `a photo of a ${label}`;
    const { captions, length } = await load('uoft-cs/cifar10', { split: 'test', captionOfLabel });
    expect([length, captions[1]]).toEqual([4, 'a photo of a cat']);
    const root = path.join(hub.cacheDir, 'datasets--uoft-cs--cifar10');
    const snapshot = path.join(root, 'snapshots', COMMIT, 'plain_text');
    expect(readdirSync(snapshot)).toEqual(['test-00000-of-00001.parquet']);
    expect(readFileSync(path.join(root, 'refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(
      hub.server.requests.some(({ url }) => url.startsWith('/api/datasets/uoft-cs/cifar10')),
    ).toBe(true);
  });

  it('is read from the cache offline, and when the hub is away; what is missing is named', async () => {
    const online = await load('uoft-cs/cifar10');
    hub.server.requests.length = 0;
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect((await load('uoft-cs/cifar10')).images.data).toEqual(online.images.data);
    await expect(load('uoft-cs/cifar10', { split: 'test' })).rejects.toThrow(
      /1 file is missing \(plain_text\/test-00000-of-00001\.parquet\)/,
    );
    await expect(load('me/folder')).rejects.toThrow(/me\/folder \(main\): not in the cache/);
    expect(hub.server.requests).toEqual([]);
    vi.stubEnv('HF_HUB_OFFLINE', undefined);
    vi.stubEnv('HF_DATASETS_OFFLINE', '1');
    expect((await load('uoft-cs/cifar10')).length).toBe(8);
    vi.stubEnv('HF_DATASETS_OFFLINE', undefined);
    hub.unplug();
    const warnings: string[] = [];
    const again = await load('uoft-cs/cifar10', { onWarning: (text) => warnings.push(text) });
    expect(again.images.data).toEqual(online.images.data);
    expect(warnings[0]).toMatch(/could not be reached.*What the cache has is used/);
  });
});

it('a folder of pictures', async () => {
  const { captions, report } = await load('me/folder', { split: 'test' });
  expect(captions).toEqual(['another']);
  expect(report.format).toBe('metadata');
  const snapshot = path.join(hub.cacheDir, 'datasets--me--folder', 'snapshots', COMMIT);
  expect(existsSync(path.join(snapshot, 'train'))).toBe(false);
});

it('one of several configurations', async () => {
  const { captions, captionChoices } = await load('me/configurations', { dataDir: 'y' });
  expect(captions.slice(0, 2)).toEqual(['red 0', 'number 0']);
  expect(captionChoices).toHaveLength(5);
});

it('a local folder by its path', async () => {
  const folder = folderOf({ 'a.png': png() });
  expect((await loadDataset(folder, { size: 8 })).length).toBe(1);
});

it.each([
  ['me/nothing', {}, /There is no such data set or revision: check the spelling/],
  ['me/folder', { revision: 'v9' }, /It has the data set, but no such branch/],
  [
    'me/folder',
    { split: 'dev' },
    /me\/folder: expected the split 'dev', found the splits train, test/,
  ],
  ['me/text', {}, /me\/text: expected images \(png.*found 1 other file \(train\.jsonl\)/],
  ['me/folder', { dataDir: 'z' }, /expected files below 'z', found the folders train, test/],
  ['not an id', {}, /expected a model id like/],
  [
    'uoft-cs/cifar10',
    { imageColumn: 'image' },
    /a column of images 'image', found the columns img, label, of them with images img/,
  ],
  [
    'uoft-cs/cifar10',
    { captionColumn: 'text' },
    /a column of captions 'text', found the columns img, label/,
  ],
])('%s with %j is refused', async (id, options, says) => {
  await expect(load(id, options)).rejects.toThrow(says);
});

describe('parquet', () => {
  it.each(['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4'])(
    'compressed by %s',
    async (codec) => {
      const folder = folderOf({ 'x.parquet': file(`codecs/${codec}.parquet`) });
      const { images, captions, captionChoices } = await loadImageFolder(folder, { size: 8 });
      expect(Array.from({ length: 5 }, (_, i) => images.get(i, 0, 0, 0))).toEqual([0, 1, 2, 3, 4]);
      expect(captions).toHaveLength(10);
      expect([...captionChoices![2]!]).toEqual([4, 5]);
    },
  );

  it.each([
    ['no-images', /a column of images .* found the columns text, number, of them with images none/],
    ['null', /x\.parquet, row 2: expected an image in the file itself \(bytes\), found none/],
    ['path', /row 1: .* found only the path "\/home\/me\/cat\.png" of another machine/],
    ['label', /row 1: expected in column 'label' a class from 0 to 9 \(airplane, .*found -1/],
    ['text-is-number', /row 1: expected a caption in column 'text', a text .* found 7/],
    ['not-a-picture', /x\.parquet, row 1: expected a whole GIF image/],
  ])('bad: %s', async (name, says) => {
    const folder = folderOf({ 'x.parquet': file(`bad/${name}.parquet`) });
    const error: unknown = await loadImageFolder(folder, { size: 8 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DatasetError);
    expect((error as Error).message).toMatch(says);
  });

  it('cut anywhere, or with a byte changed, is refused or read, and never hangs or crashes', async () => {
    const whole = file('codecs/snappy.parquet');
    for (let i = 0; i < 60; i++) {
      const bytes = Buffer.from(
        whole.subarray(0, i % 2 ? whole.length : Math.floor((whole.length * i) / 60)),
      );
      if (i % 2) bytes[Math.floor((whole.length * i) / 60)]! ^= 0xff;
      const folder = folderOf({ 'x.parquet': bytes });
      const result: unknown = await loadImageFolder(folder, { size: 8 }).catch((e: unknown) => e);
      if (result instanceof Error) expect(result).toBeInstanceOf(DatasetError);
    }
  });
});
