import { inspect } from 'node:util';
import ndarray from 'ndarray';
import { describe, expect, test } from 'vitest';
import {
  DataLoader,
  type DataLoaderOptions,
  type ImageDataset,
} from '../../lib/datasets/data-loader';

const CAPTIONS = Array.from({ length: 10 }, (_, i) => `caption ${i}`);

/** N images of 2×3 pixels, each of its own number. */
function numbered(length: number): ImageDataset {
  const images = ndarray(
    new Uint8Array(length * 6).map((_, i) => Math.floor(i / 6)),
    [length, 2, 3],
  );
  const captionIds = Int32Array.from({ length }, (_, i) => i % 10);
  return { images, captionIds, captions: CAPTIONS, length };
}

const loaderOf = (length: number, options: DataLoaderOptions) =>
  new DataLoader(numbered(length), options);
const epochOf = (loader: DataLoader) => [...loader].flatMap((batch) => [...batch.indices]);

describe('batches', () => {
  test('images, captions and indices belong together', () => {
    const loader = loaderOf(50, { batchSize: 8, seed: 3 });
    for (const { indices, captionIds, captions, images, shape } of loader) {
      expect(shape).toEqual([8, 2, 3, 1]);
      indices.forEach((index, i) => {
        expect(captionIds[i]).toBe(index % 10);
        expect(captions[i]).toBe(`caption ${index % 10}`);
        for (const pixel of images.subarray(i * 6, i * 6 + 6)) {
          expect(pixel).toBeCloseTo((index / 255 - 0.5) / 0.5, 6);
        }
      });
    }
  });

  test('tensors', () => {
    const [batch] = loaderOf(10, { batchSize: 4, shuffle: false });
    const { images, captionIds } = batch!.toTensors();
    expect(images.shape).toEqual([4, 2, 3, 1]);
    expect(images.dataSync()).toEqual(batch!.images);
    expect(captionIds.dtype).toBe('int32');
    expect([...captionIds.dataSync()]).toEqual([0, 1, 2, 3]);
    images.dispose();
    captionIds.dispose();
    const loader = loaderOf(10, { batchSize: 4, seed: 1 });
    expect(() => {
      for (const one of loader)
        Object.values(one.toTensors()).forEach((tensor) => tensor.dispose());
    }).toLeakNothing();
  });

  test('dropLast', () => {
    const dropped = loaderOf(10, { batchSize: 4, shuffle: false });
    expect(dropped.length).toBe(2);
    expect(epochOf(dropped)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const kept = loaderOf(10, { batchSize: 4, shuffle: false, dropLast: false });
    expect(kept.length).toBe(3);
    expect([...kept].map((batch) => batch.shape[0])).toEqual([4, 4, 2]);
    expect([...loaderOf(3, { batchSize: 4, shuffle: false, dropLast: false })]).toHaveLength(1);
  });

  test('images with channels, and a strided view', () => {
    const images = ndarray(
      new Uint8Array(48).map((_, i) => i),
      [4, 2, 2, 3],
    ).transpose(0, 2, 1, 3);
    const dataset = { images, captionIds: new Int32Array(4), captions: CAPTIONS, length: 4 };
    const [batch] = new DataLoader(dataset, { batchSize: 1, shuffle: false });
    expect(batch!.shape).toEqual([1, 2, 2, 3]);
    const bytes = [...batch!.images].map((pixel) => Math.round((pixel * 0.5 + 0.5) * 255));
    expect(bytes).toEqual([0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]);
  });

  test('for await', async () => {
    let count = 0;
    // eslint-disable-next-line @typescript-eslint/await-thenable -- that it works is the test
    for await (const batch of loaderOf(10, { batchSize: 5, seed: 0 }))
      count += batch.indices.length;
    expect(count).toBe(10);
  });
});

describe('order', () => {
  test('each epoch has every sample once, each in another order', () => {
    const loader = loaderOf(1000, { batchSize: 10, seed: 7 });
    const epochs = [epochOf(loader), epochOf(loader), epochOf(loader)];
    for (const epoch of epochs) {
      expect([...epoch].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    }
    expect(new Set(epochs.map((epoch) => epoch.join())).size).toBe(3);
  });

  test('is decided by the seed', () => {
    const order = (seed: number) => epochOf(loaderOf(100, { batchSize: 10, seed })).join();
    expect(order(7)).toBe(order(7));
    expect(order(7)).not.toBe(order(8));
  });

  test('is taken up exactly, wherever it was saved', () => {
    const options = { batchSize: 7, seed: 11, dropLast: false };
    const straight = loaderOf(30, options);
    const epochs = [epochOf(straight), epochOf(straight), epochOf(straight)].flat();
    for (let stop = 1; stop <= 15; stop++) {
      const first = loaderOf(30, options);
      const seen: number[] = [];
      const take = (loader: DataLoader, batches: number) => {
        while (batches > 0) {
          for (const batch of loader) {
            seen.push(...batch.indices);
            if (--batches === 0) break;
          }
        }
      };
      take(first, stop);
      const second = loaderOf(30, options);
      second.loadState(
        JSON.parse(JSON.stringify(first.state())) as ReturnType<DataLoader['state']>,
      );
      take(second, 15 - stop);
      expect(seen, `stopped after ${stop} batches`).toEqual(epochs);
    }
  });

  test('a state saved in the loop is one after the batch', () => {
    const loader = loaderOf(9, { batchSize: 3, seed: 0 });
    const states = [...loader].map(() => loader.state());
    expect(states.at(-1)).toEqual({ epoch: 1, position: 0 });
    const [, ...rest] = loader;
    expect(rest).toHaveLength(2);
    for (const batch of loader) {
      expect(batch.indices).toHaveLength(3);
      expect(loader.state()).toEqual({ epoch: 2, position: 3 });
      break;
    }
  });

  test('a loop left early is taken up where it was left', () => {
    const loader = loaderOf(9, { batchSize: 3, shuffle: false });
    for (const batch of loader) {
      expect([...batch.indices]).toEqual([0, 1, 2]);
      break;
    }
    expect(epochOf(loader)).toEqual([3, 4, 5, 6, 7, 8]);
    expect(epochOf(loader)).toHaveLength(9);
  });
});

describe('of an empty data set, as in torch, there is no batch', () => {
  const variants = [true, false].flatMap((shuffle) =>
    [true, false].flatMap((dropLast) =>
      [1, 4].map((batchSize) => ({ shuffle, dropLast, batchSize })),
    ),
  );
  test.each(variants)('%o', (options) => {
    const loader = loaderOf(0, { ...options, seed: 1 });
    expect(loader.length).toBe(0);
    for (let epoch = 0; epoch < 3; epoch++) expect([...loader]).toEqual([]);
    expect(loader.state()).toEqual({ epoch: 0, position: 0 });
    loader.loadState(loader.state());
    expect(() => loader.loadState({ epoch: 0, position: options.batchSize })).toThrow('below 0');
    expect([...loader]).toEqual([]);
  });

  test('and its options are checked all the same', () => {
    expect(() => loaderOf(0, { batchSize: 0, seed: 1 })).toThrow('an integer of 1 or more, got 0');
    expect(() => loaderOf(0, { batchSize: 1 })).toThrow('expected a seed to shuffle by, got none');
  });
});

describe('refuses', () => {
  test.each([0, -1, 1.5, NaN, Infinity, '4', undefined])('batchSize %s', (batchSize) => {
    expect(() => loaderOf(10, { batchSize: batchSize as number, seed: 0 })).toThrow(
      `DataLoader: expected batchSize to be an integer of 1 or more, got ${String(batchSize)}.`,
    );
  });

  test('a batch larger than the data set', () => {
    expect(() => loaderOf(10, { batchSize: 11, seed: 0 })).toThrow(
      'expected batchSize of at most 10, the samples there are, got 11',
    );
  });

  test('images and captions of different counts', () => {
    const dataset = { ...numbered(10), captionIds: new Int32Array(9) };
    expect(() => new DataLoader(dataset, { batchSize: 2, seed: 0 })).toThrow(
      "expected as many images and captionIds as the data set's length 10, got 10 images and 9 captionIds.",
    );
  });

  test('images of another rank', () => {
    const dataset = {
      images: ndarray(new Uint8Array(4), [4]),
      captionIds: new Int32Array(4),
      captions: CAPTIONS,
      length: 4,
    };
    expect(() => new DataLoader(dataset, { batchSize: 2, seed: 0 })).toThrow(
      'expected images [N, H, W] or [N, H, W, C], got [4]',
    );
  });

  test('to shuffle without a seed or with a bad one', () => {
    expect(() => loaderOf(10, { batchSize: 2 })).toThrow('expected a seed to shuffle by, got none');
    expect(() => loaderOf(10, { batchSize: 2, seed: -1 })).toThrow('got -1');
  });

  test('refuses options that it does not know, as those of torch are written', () => {
    const options = { batch_size: 2, seed: 1 } as unknown as DataLoaderOptions;
    expect(() => loaderOf(10, options)).toThrow(
      'DataLoader: batch_size: unknown option (known: batchSize, shuffle, dropLast, seed).',
    );
    expect(() => loaderOf(10, { batchSize: 2, shuffle: 'no' } as never)).toThrow(
      'DataLoader: shuffle: expected true or false, got "no".',
    );
    expect(() => loaderOf(10, undefined as never)).toThrow(
      'DataLoader: expected options as a record',
    );
  });

  test.each([
    [{ epoch: -1, position: 0 }, 'expected epoch to be 0 or more, got -1'],
    [{ epoch: 0, position: 10 }, 'a multiple of the batch size 4 below 8, got 10'],
    [{ epoch: 0, position: 8 }, 'a multiple of the batch size 4 below 8, got 8'],
    [{ epoch: 0, position: 3 }, 'a multiple of the batch size 4 below 8, got 3'],
    [{ epoch: 0, position: NaN }, 'got NaN'],
  ])('the state %o', (state, message) => {
    const loader = loaderOf(10, { batchSize: 4, seed: 0 });
    expect(() => loader.loadState(state)).toThrow(message);
    expect(loader.state()).toEqual({ epoch: 0, position: 0 });
  });
});

test('a batch is printed with its values, and its fields stay as they are', () => {
  const [batch] = loaderOf(10, { batchSize: 2, seed: 1 });
  const fields = Object.keys(batch!);
  const text = inspect(batch);
  expect(text).toMatch(/^Batch \{\n {2}images: Float32Array\(\d+\) \[/);
  expect(text).not.toMatch(/Getter|Function/);
  for (const id of batch!.captionIds)
    expect(inspect({ batch }, { depth: 5 })).toContain(String(id));
  expect(Object.keys(batch!)).toEqual(fields);
  expect(fields).toContain('toTensors');
});
