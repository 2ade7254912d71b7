import ndarray from 'ndarray';
import { describe, expect, test } from 'vitest';
import { tf } from '../../lib/backend';
import { normalize, rowMajor, toTensor } from '../../lib/datasets/transforms';
import { captionOf } from '../../lib/mnist/captions';
import { loadGolden } from '../support/golden';

const bytes = ndarray(
  Uint8Array.from({ length: 256 }, (_, i) => i),
  [16, 16],
);
const golden = loadGolden('transforms');

describe('as torch computes them, bit for bit', () => {
  test('toTensor', () => {
    expect(toTensor(bytes).data).toEqual(golden.get('to_tensor')?.data);
  });

  test('normalize', () => {
    expect(normalize(toTensor(bytes)).data).toEqual(golden.get('normalized')?.data);
    const mnist = normalize(toTensor(bytes), 0.1307, 0.3081).data;
    expect(mnist).toBeCloseToMax(golden.get('normalized_mnist')?.data ?? [], 1e-7);
  });

  test('normalize of a tensor', () => {
    const values = tf.tidy(() => normalize(tf.tensor(toTensor(bytes).data)).dataSync());
    expect(values).toEqual(golden.get('normalized')?.data);
    const x = tf.scalar(1);
    expect(() => normalize(x).dispose()).toLeakNothing();
  });
});

describe('shapes', () => {
  test('channels come last', () => {
    const at = (shape: number[]) => toTensor(ndarray(new Uint8Array(24), shape)).shape;
    expect(at([4, 6])).toEqual([4, 6, 1]);
    expect(at([2, 3, 4])).toEqual([2, 3, 4, 1]);
    expect(at([1, 2, 4, 3])).toEqual([1, 2, 4, 3]);
    expect(() => at([24])).toThrow(
      'toTensor: expected [H, W], [N, H, W] or [N, H, W, C], got [24]',
    );
  });

  test('a strided view is read in its own order', () => {
    const array = ndarray(Uint8Array.of(0, 1, 2, 3, 4, 5), [2, 3]);
    expect([...rowMajor(array.transpose(1, 0))]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...rowMajor(array.hi(2, 2))]).toEqual([0, 1, 3, 4]);
    expect([...rowMajor(array.lo(1, 0))]).toEqual([3, 4, 5]);
    expect([...rowMajor(array.step(1, -1))]).toEqual([2, 1, 0, 5, 4, 3]);
  });

  test('the source is not changed', () => {
    const unit = toTensor(bytes);
    normalize(unit);
    expect(unit.data).toEqual(golden.get('to_tensor')?.data);
  });
});

test.each([
  [0.5, 0],
  [0.5, -1],
  [NaN, 1],
  [0.5, NaN],
])('normalize refuses mean %d and std %d', (mean, std) => {
  expect(() => normalize(toTensor(bytes), mean, std)).toThrow('expected a finite mean and std > 0');
});

describe('captionOf', () => {
  test('a digit', () => {
    expect(captionOf(4)).toBe('A handwritten digit 4');
  });

  test.each([-1, 10, 1.5, NaN, '4', null, undefined])('refuses %s', (label) => {
    expect(() => captionOf(label as number)).toThrow(
      `captionOf: expected an integer label from 0 to 9, got ${String(label)}.`,
    );
  });
});
