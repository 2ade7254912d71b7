/** What `precision: 'bfloat16'` makes of a graph: casts at its edges, none between ops that read and give bfloat16. */
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { bfloat16Support } from '../../lib/backend/node/bfloat16';
import { jit } from '../../lib/jit';
import { geglu } from '../../lib/nn/activations';
import { multiHeadSelfAttention } from '../../lib/nn/attention';
import { linear } from '../../lib/nn/linear';
import { layerNorm } from '../../lib/nn/normalization';
import { randn } from '../../lib/random';

const normal = (shape: number[], i: number) => randn(shape, [3, i]);
const weight = (out: number, inputs: number, i: number) =>
  tf.tidy(() => tf.mul(normal([out, inputs], i), 1 / Math.sqrt(inputs)) as tf.Tensor2D);

function opsOf(run: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): string[] {
  const lowered = jit(run, { precision: 'bfloat16' });
  const ops = lowered.profile(undefined, ...inputs).map(({ op }) => op);
  lowered.dispose();
  return ops;
}

const casts = (ops: readonly string[]) => ops.filter((op) => op === 'Cast').length;

it('a transformer block casts what it reads, its weights and its result', () => {
  tf.tidy(() => {
    const block = (
      x: tf.Tensor,
      qkv: tf.Tensor,
      out: tf.Tensor,
      up: tf.Tensor,
      down: tf.Tensor,
    ) => {
      const attended = multiHeadSelfAttention(linear(x, qkv as tf.Tensor2D) as tf.Tensor3D, 4);
      const projected = linear(attended, out as tf.Tensor2D);
      return linear(geglu(linear(projected, up as tf.Tensor2D)), down as tf.Tensor2D);
    };
    const inputs = [
      normal([2, 9, 32], 0),
      weight(96, 32, 1),
      weight(32, 32, 2),
      weight(128, 32, 3),
      weight(32, 64, 4),
    ];
    expect(casts(opsOf(block, inputs))).toBe(inputs.length + 1);
  });
});

it('a normalization reads float32 and gives bfloat16', () => {
  tf.tidy(() => {
    const run = (x: tf.Tensor, gamma: tf.Tensor, w: tf.Tensor) =>
      linear(layerNorm(x, gamma as tf.Tensor1D, gamma as tf.Tensor1D, 1e-5), w as tf.Tensor2D);
    const ops = opsOf(run, [normal([9, 32], 0), normal([32], 1), weight(48, 32, 2)]);
    expect(ops.filter((op) => op !== 'Reshape')).toEqual([
      'SdmLayerNorm',
      'Cast', // the weight
      'MatMul',
      'Cast',
    ]);
  });
});

it('a product adds its bias by itself where oneDNN has bfloat16, and rounds the sum once', () => {
  tf.tidy(() => {
    const run = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) =>
      linear(x, w as tf.Tensor2D, b as tf.Tensor1D);
    // 1 + 2^-8 is no bfloat16, and would be rounded down to 1 before the bias takes 1 away.
    const [x, w] = [tf.tensor2d([[1, 2 ** -8]]), tf.tensor2d([[1, 1]])];
    const inputs = [x, w, tf.tensor1d([-1])] as const;
    const fused = bfloat16Support().isThere;
    expect(opsOf(run, [...inputs]).includes('_FusedMatMul')).toBe(fused);
    const lowered = jit(run, { precision: 'bfloat16' });
    expect(lowered(...inputs).dataSync()[0]).toBe(fused ? 2 ** -8 : 0);
    lowered.dispose();
  });
});

it('nothing of it is in a graph of float32', () => {
  tf.tidy(() => {
    const run = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) =>
      linear(x, w as tf.Tensor2D, b as tf.Tensor1D);
    const exact = jit(run);
    const inputs = [normal([9, 32], 0), weight(48, 32, 2), normal([48], 1)] as const;
    const ops = exact.profile(undefined, ...inputs).map(({ op }) => op);
    expect(ops).toEqual(['MatMul', 'BiasAdd']);
    exact.dispose();
  });
});
