/** The fused ops where there is nothing to compute, and given shapes that do not fit. */
import { afterEach, describe, expect, it } from 'vitest';
import { runKernel, tf } from '../../lib/backend';
import { useFusedOps } from '../../lib/backend/node';
import { jit } from '../../lib/jit';
import { geglu } from '../../lib/nn/activations';
import { multiHeadAttention } from '../../lib/nn/attention';
import { convSame } from '../../lib/nn/convolution';
import { groupNorm, layerNorm } from '../../lib/nn/normalization';

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;
type Shapes = readonly (readonly number[])[];

const norm: Op = (x, weight, bias) =>
  groupNorm(x as tf.Tensor4D, weight as tf.Tensor1D, bias as tf.Tensor1D, 4, 1e-5, 'silu');
const rowNorm: Op = (x, weight, bias) =>
  layerNorm(x!, weight as tf.Tensor1D, bias as tf.Tensor1D, 1e-5);
const attention: Op = (q, k, v) =>
  multiHeadAttention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, 2);
const convolution: Op = (x, weight, bias) =>
  convSame(x as tf.Tensor4D, weight as tf.Tensor4D, bias as tf.Tensor1D);

/** Numbers that depend on nothing. */
const numbers = (shape: readonly number[]): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, i) => Math.sin(7 * i + 1)),
    [...shape],
  );

/** Output and gradients: shapes and values. */
function outcome(op: Op, shapes: Shapes): unknown[] {
  return tf.tidy(() => {
    const inputs = shapes.map(numbers);
    const y = op(...inputs);
    const results = [y, ...tf.grads(op)(inputs, tf.onesLike(y))];
    return results.map((tensor) => [tensor.shape, ...tensor.dataSync()]);
  });
}

afterEach(() => useFusedOps(true));

it.each<[string, Op, Shapes]>([
  ['group norm, no images', norm, [[0, 3, 3, 32], [32], [32]]],
  ['layer norm, no rows', rowNorm, [[0, 8], [8], [8]]],
  ['geglu, no rows', geglu as Op, [[0, 8]]],
  ['geglu, no channels', geglu as Op, [[2, 0]]],
  ['attention, no images', attention, [[0, 3, 8], [0, 5, 8], [0, 5, 8]]], // prettier-ignore
  ['attention, no queries', attention, [[2, 0, 8], [2, 5, 8], [2, 5, 8]]], // prettier-ignore
  ['attention, no keys', attention, [[2, 3, 8], [2, 0, 8], [2, 0, 8]]], // prettier-ignore
  ['convolution, no images', convolution, [[0, 4, 4, 16], [3, 3, 16, 16], [16]]],
])('%s: as plain ops', (_, op, shapes) => {
  const fused = outcome(op, shapes);
  useFusedOps(false);
  expect(fused).toEqual(outcome(op, shapes));
});

type Attributes = Readonly<Record<string, number | boolean>>;

const groups = { groups: 4, silu: false };
const [heads, epsilon] = [{ heads: 2 }, { epsilon: 1e-5 }];
const [images, rows, scalar] = [[2, 3, 3, 32], [4, 32], [] as number[]];
const [queries, keys] = [
  [1, 9, 8],
  [1, 5, 8],
];

/** What reads past the end of an input gives numbers all the same, more often than not. */
const REFUSED: [string, Shapes, RegExp, Attributes?][] = [
  ['GroupNorm', [images, [8], [32]], /weight and bias/, { ...groups, ...epsilon }],
  ['GroupNorm', [images, [32], [8]], /weight and bias/, { ...groups, ...epsilon }],
  ['GroupNorm', [scalar, [1], [1]], /rank 4|expected x/, { ...groups, ...epsilon }],
  ['GroupNormGrad', [[1], images, [32], [32], [2, 4], [2, 4]], /d_y as x/, groups],
  ['GroupNormGrad', [images, images, [32], [32], [4], [4]], /mean and rstd/, groups],
  ['LayerNorm', [rows, [8], [32]], /weight and bias/, epsilon],
  ['LayerNorm', [scalar, [1], [1]], /expected x/, epsilon],
  ['LayerNormGrad', [rows, rows, [32], [1], [1]], /mean and rstd/],
  ['Geglu', [scalar], /rank 1|expected x/],
  ['GegluGrad', [[1], rows], /d_y/],
  ['Attention', [[8], [8], [8], scalar], /rank 3|expected q/, heads],
  ['AttentionGrad', [[1], queries, keys, keys, scalar, queries, [1, 2, 9]], /d_o and o/, heads],
  ['SelfAttentionGrad', [queries, [1, 9, 24], scalar, queries, [1]], /log_sum/, heads],
  ['Conv3x3', [[16], [16], [16]], /rank 4|expected a filter/, { transposed: false }],
  [
    'Conv3x3FilterGrad',
    [
      [1, 4, 4, 16],
      [1, 2, 4, 16],
    ],
    /of one size/,
  ],
];

type Run = (one: tf.Tensor) => tf.Tensor[];

describe.each<[string, (run: Run) => Run]>([
  ['at once', (run) => run],
  ['in a graph', (run) => jit(run)],
])('refused %s', (_way, as) => {
  it.each<[string, Shapes, RegExp, Attributes?]>(REFUSED)(
    '%s of %j',
    (op, shapes, message, attributes = {}) => {
      const run = as((one) => {
        const inputs = shapes.map(
          (shape, i) => [`input${i}`, tf.mul(numbers(shape), one)] as const,
        );
        return runKernel(`Sdm${op}`, Object.fromEntries(inputs), attributes);
      });
      expect(() => tf.tidy(() => run(tf.scalar(1)))).toThrow(message);
    },
  );
});
