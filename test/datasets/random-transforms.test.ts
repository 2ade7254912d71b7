/** Transforms that draw: their numbers depend on the key alone. */
import ndarray from 'ndarray';
import { describe, expect, it } from 'vitest';
import {
  Compose,
  RandomCrop,
  RandomHorizontalFlip,
  Resize,
  type ImageArray,
} from '../../lib/datasets/image-transforms';
import { Generator } from '../../lib/random';

const keys = new Generator(3).stream('augmentation');
const ramp = (height: number, width: number): ImageArray =>
  ndarray(
    Uint8Array.from({ length: height * width }, (_, i) => i),
    [height, width],
  );
const rows = ({ data, shape: [height = 0, width = 0] }: ImageArray) =>
  Array.from({ length: height }, (_, y) => [...data.subarray(y * width, (y + 1) * width)]);

describe('RandomCrop', () => {
  const crop = new RandomCrop([2, 3]);
  const image = ramp(4, 5);

  it('gives parts of the image, each of them now and then', () => {
    const found = new Map<number, number>();
    for (let i = 0; i < 3000; i++) {
      const part = rows(crop.forward(image, keys.at(i)));
      const first = part[0]![0]!;
      expect(part).toEqual([
        [first, first + 1, first + 2],
        [first + 5, first + 6, first + 7],
      ]);
      found.set(first, (found.get(first) ?? 0) + 1);
    }
    expect([...found.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 5, 6, 7, 10, 11, 12]);
    // 3000 / 9 with a spread of 17.2; five of them
    for (const count of found.values()) expect(Math.abs(count - 3000 / 9)).toBeLessThan(86);
  });

  it('gives the same for the same key, and the whole of an image that has the size', () => {
    expect(crop.forward(image, keys.at(7)).data).toEqual(crop.forward(image, keys.at(7)).data);
    expect(new RandomCrop([4, 5]).forward(image, keys.at(1)).data).toEqual(image.data);
  });

  it('refuses an image that is smaller, and to draw without a key', () => {
    expect(() => new RandomCrop(5).forward(image, keys.at(0))).toThrow(
      'RandomCrop: expected an image of at least 5 × 5 (height × width), got 4 × 5. Resize it first',
    );
    expect(() => crop.forward(image)).toThrow(/RandomCrop: expected a key to draw by, got none/);
  });
});

describe('RandomHorizontalFlip', () => {
  const image = ramp(2, 3);
  const mirrored = [
    [2, 1, 0],
    [5, 4, 3],
  ];

  it('mirrors half of the images, as it says', () => {
    const flip = new RandomHorizontalFlip();
    let count = 0;
    for (let i = 0; i < 1000; i++) {
      const out = rows(flip.forward(image, keys.at(i)));
      const isMirrored = out[0]![0] === 2;
      expect(out).toEqual(isMirrored ? mirrored : rows(image));
      count += Number(isMirrored);
    }
    expect(Math.abs(count - 500)).toBeLessThan(80); // five times the spread
    expect(rows(new RandomHorizontalFlip(1).forward(image, keys.at(0)))).toEqual(mirrored);
    expect(new RandomHorizontalFlip(0).forward(image, keys.at(0))).toBe(image);
  });

  it('keeps the colours of a pixel together', () => {
    const pixels = ndarray(Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3]);
    const out = new RandomHorizontalFlip(1).forward(pixels, keys.at(0));
    expect([...out.data]).toEqual([4, 5, 6, 1, 2, 3]);
  });

  it.each([[-0.1], [1.1], [NaN], ['1']])('refuses p = %j', (p) => {
    expect(() => new RandomHorizontalFlip(p as number)).toThrow(/p: expected a share from 0 to 1/);
  });
});

it('Compose runs one after the other, and two of a kind draw different numbers', () => {
  const image = ramp(12, 20);
  const both = new Compose([new Resize(6), new RandomCrop(6)]);
  expect(both.forward(image, keys.at(0)).shape).toEqual([6, 6]);
  const flips = new Compose([new RandomHorizontalFlip(), new RandomHorizontalFlip()]);
  const changed = Array.from(
    { length: 100 },
    (_, i) => flips.forward(image, keys.at(i)).data[0] !== 0,
  );
  expect(changed.filter(Boolean).length).toBeGreaterThan(20);
});
