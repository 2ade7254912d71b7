/** Layers in bfloat16 against the same in float32: outputs, and the gradients of every input. */
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { bfloat16Support } from '../../lib/backend/node/bfloat16';
import { jit, type Precision } from '../../lib/jit';
import { geglu, silu } from '../../lib/nn/activations';
import { multiHeadAttention, multiHeadSelfAttention } from '../../lib/nn/attention';
import { convSame } from '../../lib/nn/convolution';
import { linear } from '../../lib/nn/linear';
import { groupNorm, layerNorm } from '../../lib/nn/normalization';
import { randn } from '../../lib/random';

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/**
 * bfloat16 has 8 binary digits, so rounding changes a number by 2^-9 = 0.2 % at most. What an op reads and what it gives is
 * rounded, sums are float32, and errors of either sign cancel: the norm of a result's error is 1 % of its own at most. Where
 * TensorFlow has no instructions for it, it rounds parts of the sums, too.
 */
const BOUND = bfloat16Support().isThere ? 1e-2 : 2e-2;

const normal = (shape: readonly number[], i: number) => randn([...shape], [11, i]);

/** A product before the op, so that what it reads comes in bfloat16, and one after it, which reads what it gives. */
const between =
  (op: Op): Op =>
  (x, ...rest) => {
    const scaled = (y: tf.Tensor) => {
      const width = y.shape.at(-1)!;
      const rows = tf.reshape(y, [-1, width]) as tf.Tensor2D;
      const turn = normal([width, width], 99).mul(1 / Math.sqrt(width)) as tf.Tensor2D;
      return tf.reshape(tf.matMul(rows, turn), y.shape);
    };
    return scaled(op(scaled(x!), ...rest));
  };

const as4D = (x: tf.Tensor | undefined) => x as tf.Tensor4D;
const as3D = (x: tf.Tensor | undefined) => x as tf.Tensor3D;
const as1D = (x: tf.Tensor | undefined) => x as tf.Tensor1D;

const CASES: Readonly<Record<string, [op: Op, ...shapes: number[][]]>> = {
  'a linear layer': [
    (x, w, b) => linear(x!, w as tf.Tensor2D, as1D(b)),
    [6, 5, 32],
    [48, 32],
    [48],
  ],
  'a product of single matrices': [(a, b) => tf.matMul(a!, b!), [9, 32], [32, 7]],
  'a convolution of 3 × 3': [
    (x, w, b) => convSame(as4D(x), as4D(w), as1D(b)),
    [2, 7, 7, 32],
    [3, 3, 32, 16],
    [16],
  ],
  'one from a single channel': [
    (x, w, b) => convSame(as4D(x), as4D(w), as1D(b)),
    [2, 8, 8, 1],
    [3, 3, 1, 32],
    [32],
  ],
  'one of a single pixel': [
    (x, w, b) => convSame(as4D(x), as4D(w), as1D(b)),
    [2, 7, 7, 32],
    [1, 1, 32, 16],
    [16],
  ],
  'group normalization with SiLU': [
    between((x, w, b) => groupNorm(as4D(x), as1D(w), as1D(b), 8, 1e-5, 'silu')),
    [2, 7, 7, 32],
    [32],
    [32],
  ],
  'group normalization': [
    between((x, w, b) => groupNorm(as4D(x), as1D(w), as1D(b), 8, 1e-5)),
    [2, 4, 4, 40],
    [40],
    [40],
  ],
  'layer normalization': [
    between((x, w, b) => layerNorm(x!, as1D(w), as1D(b), 1e-5)),
    [2, 9, 40],
    [40],
    [40],
  ],
  GEGLU: [between((x) => geglu(x!)), [2, 9, 64]],
  SiLU: [between((x) => silu(x!)), [4, 37]],
  'self-attention': [between((x) => multiHeadSelfAttention(as3D(x), 4, null)), [2, 49, 96]],
  'cross-attention': [
    between((q, k, v) => multiHeadAttention(as3D(q), as3D(k), as3D(v), 2, null)),
    [2, 20, 32],
    [2, 8, 32],
    [2, 8, 32],
  ],
  'a residual and a concatenation': [
    between((x, y) => between((z) => tf.concat([tf.add(z!, y!), z!], -1))(x!)),
    [2, 5, 5, 32],
    [2, 5, 5, 32],
  ],
};

it.each(Object.entries(CASES))('%s', (_, [op, ...shapes]) => {
  const run = (precision: Precision) => {
    const both = jit(
      (inputs: tf.Tensor[], dy: tf.Tensor) => [op(...inputs), ...tf.grads(op)(inputs, dy)],
      { precision },
    );
    const results = tf.tidy(() => {
      const inputs = shapes.map(normal);
      const dy = normal(op(...inputs).shape, 98);
      return both(inputs, dy).map(
        (tensor) => [tensor.dtype, tensor.dataSync<'float32'>()] as const,
      );
    });
    both.dispose();
    return results;
  };
  const exact = run('float32');
  let lower: typeof exact = [];
  run('bfloat16'); // modules may keep a tensor at their first use
  expect(() => void (lower = run('bfloat16'))).toLeakNothing();
  expect(lower).toHaveLength(shapes.length + 1);
  lower.forEach(([dtype, data], i) => {
    const reference = exact[i]![1];
    const norm = (of: (k: number) => number) =>
      Math.sqrt(reference.reduce((sum, _value, k) => sum + of(k) ** 2, 0));
    const error = norm((k) => data[k]! - reference[k]!) / norm((k) => reference[k]!);
    expect(dtype).toBe('float32');
    expect(error, `result ${i}`).toBeLessThan(BOUND);
  });
  // It did compute in bfloat16: some result is further off than by a rounding in float32.
  expect(
    lower.some(([, data], i) => exact[i]![1].some((x, k) => Math.abs(x - data[k]!) > 1e-4)),
  ).toBe(true);
});

it('NaN and infinity stay what they are', () => {
  const product = jit((a: tf.Tensor2D, b: tf.Tensor2D) => tf.matMul(a, b), {
    precision: 'bfloat16',
  });
  const found = tf.tidy(() => {
    const identity = tf.eye(2);
    const values = tf.tensor2d([NaN, 1, Infinity, 2, -Infinity, 3], [3, 2]);
    const column = tf.slice(product(values, identity as tf.Tensor2D), [0, 0], [3, 1]);
    return [
      ...column.dataSync(),
      ...product(tf.tensor2d([[3.4e38, 3.4e38]]), tf.ones([2, 1])).dataSync(),
    ];
  });
  expect(found).toEqual([NaN, Infinity, -Infinity, Infinity]);
});
