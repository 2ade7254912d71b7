import { expect, it } from 'vitest';
import { shiftImages } from '../../lib/datasets/shift-images';

it('moves images, and paper comes in', () => {
  const image = Float32Array.of(1, 2, 3, 4, 5, 6);
  const by = (...shift: number[]) => [...shiftImages(image, [1, 2, 3], shift)];
  expect(by(0, 0)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(by(1, 0)).toEqual([0, 0, 0, 1, 2, 3]);
  expect(by(-1, 1)).toEqual([0, 4, 5, 0, 0, 0]);
  expect(by(0, -2)).toEqual([3, 0, 0, 6, 0, 0]);
});

it('moves the channels of a pixel together, each image by its own shift', () => {
  const images = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const moved = shiftImages(images, [2, 1, 2, 2], [0, 1, 0, -1], 9);
  expect([...moved]).toEqual([9, 9, 1, 2, 7, 8, 9, 9]);
});
