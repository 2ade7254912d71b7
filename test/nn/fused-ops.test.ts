import { afterEach, describe, expect, it } from 'vitest';
import { runKernel, tf } from '../../lib/backend';
import { hasFusedOps, useFusedOps } from '../../lib/backend/node';
import { jit } from '../../lib/jit';
import { geglu } from '../../lib/nn/activations';
import { multiHeadAttention, multiHeadSelfAttention } from '../../lib/nn/attention';
import { convSame } from '../../lib/nn/convolution';
import { groupNorm, layerNorm } from '../../lib/nn/normalization';
import { randn } from '../../lib/random';
import { expectAsTorch } from './torch-case';

type Tensors = tf.Tensor[];
type Op = (...inputs: Tensors) => tf.Tensor;

let drawn = 0;
const normal = (...shape: number[]): tf.Tensor => randn(shape, [7, drawn++]);

/** Output and the gradients of every input, with and without the fused ops. */
function bothWays(op: Op, inputs: Tensors): [fused: Tensors, plain: Tensors] {
  const dy = tf.tidy(() => normal(...op(...inputs).shape));
  const run = () => [op(...inputs), ...tf.grads(op)(inputs, dy)];
  const fused = run();
  useFusedOps(false);
  return [fused, run()];
}

function expectSame(op: Op, inputs: Tensors, tolerance = 2e-5): void {
  const [fused, plain] = bothWays(op, inputs);
  fused.forEach((tensor, i) => {
    expect(tensor.shape).toEqual(plain[i]!.shape);
    expect(tensor.dataSync(), `result ${i}`).toBeCloseToMax(plain[i]!.dataSync(), tolerance);
  });
  tf.dispose([inputs, fused, plain]);
}

afterEach(() => {
  useFusedOps(true);
});

const asGroupNorm =
  (groups: number, activation?: 'silu'): Op =>
  (x, weight, bias) =>
    groupNorm(
      x as tf.Tensor4D,
      weight as tf.Tensor1D,
      bias as tf.Tensor1D,
      groups,
      1e-5,
      activation,
    );
const asLayerNorm: Op = (x, weight, bias) =>
  layerNorm(x!, weight as tf.Tensor1D, bias as tf.Tensor1D, 1e-5);
const asAttention =
  (heads: number, mask: tf.Tensor2D | null = null): Op =>
  (q, k, v) =>
    multiHeadAttention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, heads, mask);

const asSelfAttention =
  (heads: number, mask: tf.Tensor2D | null = null): Op =>
  (qkv) =>
    multiHeadSelfAttention(qkv as tf.Tensor3D, heads, mask);
const asConvSame: Op = (x, weight, bias) =>
  convSame(x as tf.Tensor4D, weight as tf.Tensor4D, bias as tf.Tensor1D);

it('the set-up has built them, unless there is a GPU', () => {
  expect(hasFusedOps()).toBe(true);
  useFusedOps(false);
  expect(hasFusedOps()).toBe(false);
});

// The goldens' own sizes, and sizes that fill no register or several.
describe('equal plain ops', () => {
  it.each([
    [[2, 5, 3, 32], 32],
    [[3, 4, 4, 6], 3],
    [[1, 7, 7, 40], 8],
    [[2, 3, 3, 96], 32],
    [[2, 1, 1, 8], 1],
  ])('groupNorm %j, %i groups', (shape, groups) => {
    const C = shape[3]!;
    for (const activation of [undefined, 'silu'] as const) {
      expectSame(asGroupNorm(groups, activation), [normal(...shape), normal(C), normal(C)]);
      useFusedOps(true);
    }
  });

  it.each([[[300, 64]], [[2, 3, 5]], [[4, 1]], [[600, 33]]])('layerNorm %j', (shape) => {
    const C = shape.at(-1)!;
    expectSame(asLayerNorm, [normal(...shape), normal(C), normal(C)]);
  });

  it.each([[[2, 3, 10]], [[500, 64]], [[2]]])('geglu %j', (shape) => {
    expectSame(geglu as Op, [normal(...shape)]);
  });

  it.each([
    [8, 49, 49, 8, 64],
    [2, 5, 3, 2, 8],
    [1, 1, 2, 1, 16],
    [2, 17, 33, 3, 96],
    [2, 8, 8, 2, 128],
    [1, 6, 7, 2, 6], // heads of 3: not compiled, so plain
  ])('attention, batch %i, %i queries, %i keys, %i heads, width %i', (B, L, S, heads, C) => {
    expectSame(asAttention(heads), [normal(B, L, C), normal(B, S, C), normal(B, S, C)]);
  });

  it.each([
    [3, 49, 8, 64],
    [2, 5, 2, 8],
    [1, 17, 2, 64],
    [1, 6, 2, 6], // heads of 3: plain
  ])('self-attention, batch %i, %i rows, %i heads, width %i', (B, L, heads, C) => {
    expectSame(asSelfAttention(heads), [normal(B, L, 3 * C)]);
    useFusedOps(true);
    const [x, mask] = [normal(B, L, 3 * C), normal(L, L) as tf.Tensor2D];
    expectSame(asSelfAttention(heads, mask), [x]);
    mask.dispose();
  });

  // Odd sizes have tiles that stick out; 57 images of one pixel fill more than one block of tiles.
  it.each([
    [2, 28, 28, 32, 32],
    [3, 7, 7, 64, 64],
    [1, 5, 4, 16, 48],
    [57, 1, 1, 16, 16],
    [2, 4, 3, 96, 32],
    [1, 3, 2, 16, 8], // 8 channels: plain
  ])('convolution 3×3 of %i images %i×%i, %i to %i channels', (B, H, W, inC, outC) => {
    expectSame(asConvSame, [normal(B, H, W, inC), normal(3, 3, inC, outC), normal(outC)]);
  });

  // Queries are taken four at a time; what stands in for those past the last must not be weighed by e^112.
  it.each([1, 3, 4, 5, 17, 49])('attention of %i queries whose scores are all far below 0', (L) => {
    const [heads, size, far] = [2, 4, 15];
    const first = tf.tile(tf.tensor1d([far, 0, 0, 0]), [heads]);
    const [q, k] = [normal(2, L, heads * size), normal(2, 6, heads * size)];
    const inputs = [tf.add(q, first), tf.sub(k, first), normal(2, 6, heads * size)];
    expectSame(asAttention(heads), inputs, 1e-3);
    useFusedOps(true);
    const x = normal(2, L, heads * size);
    const qkv = tf.concat([tf.add(x, first), tf.sub(x, first), x], 2);
    expectSame(asSelfAttention(heads), [qkv], 1e-3);
    tf.dispose([first, q, k, x]);
  });

  it('attention with a mask, some of it closed', () => {
    const mask = tf.tensor2d([0, -1e30, -1e30, 0.5, 0, -Infinity], [2, 3]);
    expectSame(asAttention(2, mask), [normal(3, 2, 8), normal(3, 3, 8), normal(3, 3, 8)]);
    mask.dispose();
  });
});

it.each([
  ['geglu', geglu as Op, [[2, 8]]],
  [
    'attention',
    asAttention(1),
    [
      [1, 3, 8],
      [1, 3, 8],
      [1, 3, 8],
    ],
  ],
  ['convolution', asConvSame, [[1, 4, 4, 16], [3, 3, 16, 16], [16]]],
] as const)('%s of a number that is none gives none', (_, op, shapes) => {
  const result = tf.tidy(() => {
    const [x, ...rest] = shapes.map((shape) => normal(...shape)) as [tf.Tensor, ...Tensors];
    return op(tf.mul(x, NaN), ...rest).dataSync<'float32'>();
  });
  expect([...result].every(Number.isNaN)).toBe(true);
});

it.each([1, 4, 5, 49])(
  'gradients of attention are finite for %i queries with scores of 1e9',
  (L) => {
    const gradients = tf.tidy(() => {
      const [q, k, v] = [
        tf.mul(normal(2, L, 8), 3e4),
        tf.mul(normal(2, 17, 8), 1e5),
        normal(2, 17, 8),
      ];
      const attention = asAttention(2);
      return tf
        .grads(attention)([q, k, v], normal(2, L, 8))
        .map((x) => x.dataSync<'float32'>());
    });
    for (const numbers of gradients) expect([...numbers].every(Number.isFinite)).toBe(true);
  },
);

it('attention stays finite with scores that overflow an exponential', () => {
  const result = tf.tidy(() => {
    const x = tf.mul(normal(1, 4, 8), 100) as tf.Tensor3D;
    return multiHeadAttention(x, x, x, 1).dataSync<'float32'>();
  });
  expect([...result].every(Number.isFinite)).toBe(true);
});

// The other tests of nn compare the fused ops with torch; here it is the plain ones.
describe("plain ops give torch's numbers and gradients", () => {
  const inputs = ['x', 'weight', 'bias'];
  it.each([
    ['group_norm', 4],
    ['group_norm_one_group', 1],
    ['group_norm_far_mean', 2],
  ])('%s', (name, groups) => {
    useFusedOps(false);
    expectAsTorch(name, asGroupNorm(groups), { inputs, isImage: true });
  });

  it('layer_norm and geglu', () => {
    useFusedOps(false);
    expectAsTorch('layer_norm', asLayerNorm, { inputs });
    expectAsTorch('geglu', geglu as Op);
  });
});

it('are the same in a graph', () => {
  const [x, w, q] = [normal(2, 4, 4, 8), normal(8), normal(2, 16, 8)];
  const run = (x: tf.Tensor, w: tf.Tensor, q: tf.Tensor) => {
    const loss = (x: tf.Tensor, w: tf.Tensor, q: tf.Tensor) => {
      const h = tf.reshape(asGroupNorm(4, 'silu')(x, w, w), [2, 16, 8]);
      const a = asAttention(2)(asLayerNorm(q, w, w), h, h);
      return tf.sum(tf.square(geglu(a))) as tf.Scalar;
    };
    return [loss(x, w, q), ...tf.grads(loss)([x, w, q])];
  };
  const traced = jit(run);
  const [actual, expected] = [traced(x, w, q), run(x, w, q)];
  actual.forEach((tensor, i) => {
    expect(tensor.shape).toEqual(expected[i]!.shape);
    expect(tensor.dataSync()).toBeCloseToMax(expected[i]!.dataSync(), 1e-6);
  });
  tf.dispose([actual, expected, x, w, q]);
  traced.dispose();
});

it('refuse shapes that do not fit', () => {
  const x = tf.zeros([2, 3, 3, 6]);
  const weight = tf.zeros([6]);
  const options = { groups: 4, epsilon: 1e-5, silu: false };
  expect(() => runKernel('SdmGroupNorm', { x, weight, bias: weight }, options)).toThrow(
    'C a multiple of groups',
  );
  expect(() =>
    runKernel('SdmAttention', { query: x, key: x, value: x, mask: tf.scalar(0) }, { heads: 2 }),
  ).toThrow('expected q [B, L, C]');
  tf.dispose([x, weight]);
});
