/** Convolutions of 3 × 3 by tiles of both sizes, whichever this processor takes by itself, against sums of float64. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runKernel, tf } from '../../lib/backend';
import { hasFusedOps, useFusedOps } from '../../lib/backend/node';

type Shape = readonly [B: number, H: number, W: number, inputs: number, outputs: number];

const normal = (shape: readonly number[], seed: number) =>
  tf.randomNormal([...shape], 0, 1, 'float32', seed);

/** Calls for each pair of a pixel of x and one of y that the filter's place (i, j) connects. */
function connected([B, H, W]: Shape, call: (x: number, y: number, place: number) => void): void {
  for (let b = 0; b < B; b++)
    for (let r = 0; r < H; r++)
      for (let c = 0; c < W; c++)
        for (let place = 0; place < 9; place++) {
          const [row, column] = [r + Math.floor(place / 3) - 1, c + (place % 3) - 1];
          if (row < 0 || row >= H || column < 0 || column >= W) continue;
          call((b * H + row) * W + column, (b * H + r) * W + c, place);
        }
}

/** The largest difference, as a share of the largest expected value. */
function off(given: tf.Tensor, expected: Float64Array): number {
  const numbers = given.dataSync();
  const largest = (of: (i: number) => number) =>
    expected.reduce((most, _, i) => Math.max(most, Math.abs(of(i))), 0);
  return largest((i) => numbers[i]! - expected[i]!) / largest((i) => expected[i]!);
}

beforeAll(() => useFusedOps(true));
afterAll(() => useFusedOps(true));

const SHAPES: readonly Shape[] = [
  [2, 28, 28, 32, 32],
  [1, 14, 14, 64, 32],
  [3, 7, 7, 32, 64],
  [57, 1, 1, 16, 16],
  [2, 5, 9, 16, 48],
  [1, 4, 3, 96, 16],
  [1, 13, 2, 16, 16],
];

describe.each([
  [2, 1e-6],
  [4, 5e-6],
])('tiles of %i pixels, to %f of the largest value', (tile, bound) => {
  it.each(SHAPES)('%i images %i×%i, %i to %i channels', (...shape) => {
    expect(hasFusedOps()).toBe(true);
    const [B, H, W, inputs, outputs] = shape;
    tf.tidy(() => {
      const [x, dy] = [normal([B, H, W, inputs], 1), normal([B, H, W, outputs], 2)];
      const [filter, bias] = [normal([3, 3, inputs, outputs], 3), normal([outputs], 4)];
      const [xs, dys, ws, shifts] = [x, dy, filter, bias].map((tensor) => tensor.dataSync()) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const y = Float64Array.from({ length: dys.length }, (_, i) => shifts[i % outputs]!);
      const dx = new Float64Array(xs.length);
      const dw = new Float64Array(ws.length);
      const db = new Float64Array(outputs);
      dys.forEach((value, i) => (db[i % outputs]! += value));
      connected(shape, (from, to, place) => {
        for (let c = 0; c < inputs; c++)
          for (let k = 0; k < outputs; k++) {
            const [i, o, w] = [
              from * inputs + c,
              to * outputs + k,
              (place * inputs + c) * outputs + k,
            ];
            y[o]! += xs[i]! * ws[w]!;
            dx[i]! += dys[o]! * ws[w]!;
            dw[w]! += xs[i]! * dys[o]!;
          }
      });
      const forward = runKernel('SdmConv3x3', { x, filter, bias }, { transposed: false, tile });
      const none = tf.scalar(0);
      const back = runKernel(
        'SdmConv3x3',
        { x: dy, filter, bias: none },
        { transposed: true, tile },
      );
      const grads = runKernel('SdmConv3x3FilterGrad', { x, dy }, { tile });
      expect(off(forward[0]!, y)).toBeLessThan(bound);
      expect(off(back[0]!, dx)).toBeLessThan(bound);
      // Sums over up to 1,568 pixels: F(2×2) itself is 1e-6 off there
      expect(off(grads[0]!, dw)).toBeLessThan(2 * bound);
      expect(off(grads[1]!, db)).toBeLessThan(2e-6);
    });
  });
});
