import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadMnist, type MnistDataset } from '../../lib/mnist/mnist';
import { idxBytes } from '../support/idx-bytes';

const PIXELS = 28 * 28;
const image = (dataset: MnistDataset, i: number) =>
  Buffer.from(dataset.images.data.subarray(i * PIXELS, (i + 1) * PIXELS));
const counts = (labels: Uint8Array) =>
  Array.from({ length: 10 }, (_, digit) => labels.filter((label) => label === digit).length);

describe('MNIST as it is published', () => {
  test('train: 60,000 images and their labels', () => {
    const train = loadMnist({ split: 'train', source: 'full' });
    expect(train.length).toBe(60_000);
    expect(train.images.shape).toEqual([60_000, 28, 28]);
    // the first labels and the classes' sizes, as in every description of MNIST
    expect([...train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(counts(train.labels)).toEqual([
      5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]);
    // the mean and deviation that torchvision's examples use: 0.1307, 0.3081
    let sum = 0;
    let squares = 0;
    for (const pixel of train.images.data) {
      sum += pixel / 255;
      squares += (pixel / 255) ** 2;
    }
    const mean = sum / train.images.size;
    expect(mean).toBeCloseTo(0.1307, 4);
    expect(Math.sqrt(squares / train.images.size - mean ** 2)).toBeCloseTo(0.3081, 4);
  });

  test('test: 10,000 images and their labels', () => {
    const data = loadMnist({ split: 'test', source: 'full' });
    expect(data.images.shape).toEqual([10_000, 28, 28]);
    expect([...data.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    expect(counts(data.labels)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  });

  test('quick: the first 10,000 of the training images, byte for byte, the digits in turn', () => {
    const full = loadMnist({ split: 'train', source: 'full' });
    const quick = loadMnist({ split: 'train', source: 'quick' });
    expect(quick.images.shape).toEqual([10_000, 28, 28]);
    expect([...quick.labels.subarray(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    const places: number[][] = Array.from({ length: 10 }, () => []);
    full.labels.subarray(0, 10_000).forEach((label, i) => places[label]?.push(i));
    let differing = 0;
    for (let i = 0; i < quick.length; i++) {
      const place = places[quick.labels[i] ?? -1]?.shift() ?? -1;
      if (!image(quick, i).equals(image(full, place))) differing += 1;
    }
    expect(differing).toBe(0);
  });
});

describe('loadMnist refuses', () => {
  const imageFile = 't10k-images-idx3-ubyte';
  const labelFile = 't10k-labels-idx1-ubyte';
  const images = idxBytes([2, 28, 28], new Uint8Array(2 * PIXELS));
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'mnist-'));
    put(imageFile, images);
    put(labelFile, idxBytes([2], [3, 9]));
  });
  afterEach(() => {
    fs.rmSync(folder, { recursive: true });
  });
  const put = (name: string, bytes: Uint8Array) => fs.writeFileSync(join(folder, name), bytes);
  const load = (verifyChecksum = true) =>
    loadMnist({ split: 'test', source: 'full', folder, verifyChecksum });

  test('nothing of a sound pair, if told that it is not the published one', () => {
    expect(load(false).labels).toEqual(Uint8Array.of(3, 9));
    fs.rmSync(join(folder, imageFile));
    put(`${imageFile}.gz`, gzipSync(images));
    expect(load(false).images.shape).toEqual([2, 28, 28]);
  });

  test('other data than the published', () => {
    expect(load).toThrow(
      /t10k-images-idx3-ubyte: expected SHA-256 0fa7898d\w{56}, found \w{64}\. Fetch or install/,
    );
  });

  test('a missing file', () => {
    fs.rmSync(join(folder, labelFile));
    expect(load).toThrow(
      /t10k-labels-idx1-ubyte: expected this file or .*\.gz in .*, found neither\. Run npm start/,
    );
  });

  test('a truncated file', () => {
    put(imageFile, images.subarray(0, -1));
    expect(load).toThrow(
      't10k-images-idx3-ubyte: expected 1584 bytes for sizes [2, 28, 28], found 1583 bytes',
    );
  });

  test('a corrupt file', () => {
    put(
      imageFile,
      Uint8Array.from(images, (byte, i) => (i === 0 ? 1 : byte)),
    );
    expect(load).toThrow(
      't10k-images-idx3-ubyte: expected an IDX file (00 00 …), found the bytes 01 00 08 03',
    );
  });

  test('images and labels of different counts', () => {
    put(labelFile, idxBytes([3], [1, 2, 3]));
    expect(load).toThrow(
      't10k-labels-idx1-ubyte: expected a label for each of the 2 images of t10k-images-idx3-ubyte, found 3 labels',
    );
  });

  test('a label outside 0–9', () => {
    put(labelFile, idxBytes([2], [3, 10]));
    expect(load).toThrow(
      't10k-labels-idx1-ubyte: expected labels from 0 to 9, found 10 at position 1',
    );
  });

  test('images of another size, and the two files swapped', () => {
    put(imageFile, idxBytes([2, 28, 27], new Uint8Array(2 * 28 * 27)));
    expect(load).toThrow('t10k-images-idx3-ubyte: expected sizes [N, 28, 28], found [2, 28, 27]');
    put(imageFile, idxBytes([2], [3, 9]));
    expect(load).toThrow('t10k-images-idx3-ubyte: expected sizes [N, 28, 28], found [2]');
  });

  test('numbers that are no uint8', () => {
    put(labelFile, Uint8Array.of(0, 0, 0x09, 1, 0, 0, 0, 2, 3, 9));
    expect(load).toThrow('expected uint8 numbers (type 08), found Int8Array');
  });

  test('unknown options, and the test split of training images', () => {
    const options = { split: 'valid', source: 'full' } as unknown as Parameters<
      typeof loadMnist
    >[0];
    expect(() => loadMnist(options)).toThrow("expected split 'train' or 'test', got valid");
    const source = 'all' as 'full';
    expect(() => loadMnist({ split: 'train', source })).toThrow(
      "expected source 'full' or 'quick', got all",
    );
    expect(() => loadMnist({ split: 'test', source: 'quick' })).toThrow(
      "use source 'full' for split 'test'",
    );
    expect(() => loadMnist({ split: 'train', source: 'quick', folder })).toThrow(
      "with source 'full' only",
    );
  });
});
