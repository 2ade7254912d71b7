/** Resizing against Pillow, to the last bit. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ndarray from 'ndarray';
import { PNG } from 'pngjs';
import { describe, expect, it, test } from 'vitest';
import { CenterCrop, Resize, type ImageArray } from '../../lib/datasets/image-transforms';
import type { Interpolation } from '../../lib/datasets/resample';
import { goldenFolder } from '../support/golden';

const folder = goldenFolder('resize');
const golden = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as {
  sha256: Record<string, Record<string, string>>;
  center_crop: Record<string, string>;
  shorter_side: [number[], number, number[]][];
};
const { sha256 } = golden;

function photo(name: string): ImageArray {
  const { data, width, height } = PNG.sync.read(readFileSync(path.join(folder, name)));
  const channels = name === 'photo-4.png' ? 1 : 3;
  const bytes = Uint8Array.from(
    { length: width * height * channels },
    (_, i) => data[Math.floor(i / channels) * 4 + (i % channels)]!,
  );
  return ndarray(bytes, channels === 1 ? [height, width] : [height, width, channels]);
}

const digest = ({ data }: ImageArray) => createHash('sha256').update(data).digest('hex');

describe.each(Object.keys(sha256))('%s', (name) => {
  const image = photo(name);
  it.each(Object.keys(sha256[name]!))('%s', (what) => {
    const [interpolation, size = ''] = what.split(' ');
    const [height = 0, width = 0] = size.split('x').map(Number);
    const resize = new Resize([height, width], { interpolation: interpolation as Interpolation });
    expect(digest(resize.forward(image))).toBe(sha256[name]![what]);
  });
});

test.each(golden.shorter_side)(
  'one number is the shorter side, the longer is rounded down: %j to %d',
  ([height = 0, width = 0], size, out) => {
    expect(new Resize(size).outputSize(height, width)).toEqual(out);
  },
);

test.each(Object.entries(golden.center_crop))('CenterCrop %s, as torchvision', (what, expected) => {
  const [of = [], size = []] = what.split(' ').map((text) => text.split('x').map(Number));
  const ramp = Uint8Array.from({ length: of[0]! * of[1]! }, (_, i) => i % 251);
  const crop = new CenterCrop([size[0]!, size[1]!]).forward(ndarray(ramp, of));
  expect(crop.shape).toEqual(size);
  expect(digest(crop)).toBe(expected);
});

test('an image that has the size is not filtered', () => {
  const image = photo('photo-2.png');
  expect(new Resize(64).forward(image).data).toEqual(image.data);
});

test('all white stays white, all black black', () => {
  for (const interpolation of ['lanczos', 'bicubic'] as const) {
    const resize = new Resize([13, 41], { interpolation });
    for (const level of [0, 255]) {
      const image = ndarray(new Uint8Array(50 * 30 * 3).fill(level), [50, 30, 3]);
      expect(new Set(resize.forward(image).data)).toEqual(new Set([level]));
    }
  }
});

test.each([[0], [1.5], [-3], [[8]], [[8, 0]], ['8']])('Resize(%j) is refused', (size) => {
  expect(() => new Resize(size as number)).toThrow(/Resize: size: expected a number of pixels or/);
});

test('an unknown interpolation, a batch and no pixels are refused', () => {
  const bad = { interpolation: 'cubic' as Interpolation };
  expect(() => new Resize(8, bad)).toThrow(/interpolation: expected one of nearest, box.*"cubic"/);
  const batch = ndarray(new Uint8Array(16), [1, 2, 2, 4]);
  expect(() => new Resize(8).forward(batch)).toThrow('Resize: expected one image [H, W]');
  expect(() => new CenterCrop(8).forward(ndarray(new Uint8Array(0), [0, 4, 3]))).toThrow(
    '[0, 4, 3]',
  );
});
