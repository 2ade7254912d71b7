/** What asks for kernels by name, on a backend that has none of them: tfjs's own, in JavaScript. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasKernel, runKernel, tf } from '../../lib/backend';
import { geglu } from '../../lib/nn/activations';
import { multiHeadAttention, multiHeadSelfAttention } from '../../lib/nn/attention';
import { convSame } from '../../lib/nn/convolution';
import { gatherRows } from '../../lib/nn/gather-rows';
import { l2Loss } from '../../lib/nn/kernels/l2-loss';
import { linear } from '../../lib/nn/linear';
import { groupNorm, layerNorm } from '../../lib/nn/normalization';
import { AdamW } from '../../lib/optim/adamw';
import { randn } from '../../lib/random';

type Tensors = tf.Tensor[];
type Op = (...inputs: Tensors) => tf.Tensor;

beforeEach(() => void tf.setBackend('cpu'));
afterEach(() => void tf.setBackend('tensorflow'));

/** The result and the gradients of all inputs, which are drawn for these shapes. */
function run(
  op: Op,
  shapes: readonly (readonly number[])[],
): { shape: number[]; data: Float32Array }[] {
  return tf.tidy(() => {
    const inputs = shapes.map((shape, i) => randn([...shape], [3, i]));
    const y = op(...inputs);
    const dy = randn(y.shape, [4, 0]);
    const results = [y, ...tf.grads(op)(inputs, dy)];
    return results.map((tensor) => ({ shape: tensor.shape, data: tensor.dataSync<'float32'>() }));
  });
}

const linearOf: Op = (x, weight, bias) =>
  linear(x!, weight as tf.Tensor2D, (bias as tf.Tensor1D | undefined) ?? null);

const OPS: Record<string, [op: Op, shapes: number[][]]> = {
  groupNorm: [
    (x, w, b) => groupNorm(x as tf.Tensor4D, w as tf.Tensor1D, b as tf.Tensor1D, 4, 1e-5, 'silu'),
    [[2, 3, 3, 8], [8], [8]],
  ],
  layerNorm: [
    (x, w, b) => layerNorm(x!, w as tf.Tensor1D, b as tf.Tensor1D, 1e-5),
    [[2, 5, 8], [8], [8]],
  ],
  geglu: [geglu as Op, [[2, 3, 8]]],
  attention: [
    (q, k, v) => multiHeadAttention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, 2),
    [
      [2, 4, 8],
      [2, 3, 8],
      [2, 3, 8],
    ],
  ],
  'self-attention': [(x) => multiHeadSelfAttention(x as tf.Tensor3D, 2), [[2, 4, 24]]],
  'convolution 3×3': [
    (x, w, b) => convSame(x as tf.Tensor4D, w as tf.Tensor4D, b as tf.Tensor1D),
    [[2, 4, 4, 16], [3, 3, 16, 16], [16]],
  ],
  'linear, of one row': [linearOf, [[8], [3, 8], [3]]],
  'linear, of rows': [linearOf, [[5, 8], [3, 8], [3]]],
  'linear, of batches': [linearOf, [[2, 5, 8], [3, 8], [3]]],
  'linear, without bias': [
    linearOf,
    [
      [2, 2, 5, 8],
      [3, 8],
    ],
  ],
  'rows of a table': [(table) => gatherRows(table!, tf.tensor2d([[2, 0], [2, 1]], [2, 2], 'int32')), [[3, 5]]], // prettier-ignore
};

describe.each(Object.entries(OPS))('%s', (_, [op, shapes]) => {
  it("has tfjs-node's numbers and gradients", () => {
    const plain = run(op, shapes);
    void tf.setBackend('tensorflow');
    run(op, shapes).forEach(({ shape, data }, i) => {
      expect(plain[i]!.shape).toEqual(shape);
      expect(plain[i]!.data, `result ${i}`).toBeCloseToMax(data, 2e-5);
    });
  });

  it('leaves no tensor behind', () => {
    expect(() => void run(op, shapes)).toLeakNothing();
  });
});

it('l2Loss is half of the sum of squares', () => {
  const compute = () =>
    tf.tidy(() => l2Loss([tf.tensor1d([3, 4]), tf.tensor2d([[12]])]).dataSync()[0]);
  expect([hasKernel('L2Loss'), compute()]).toEqual([false, 84.5]);
  void tf.setBackend('tensorflow');
  expect([hasKernel('L2Loss'), compute()]).toEqual([true, 84.5]);
  expect(compute).toLeakNothing();
});

it('AdamW moves as with tfjs-node', () => {
  const moved = () => {
    const w = tf.tidy(() => tf.variable(randn([20], [1, 1]), false));
    const optimizer = new AdamW(new Map([['w', w]]), { lr: 0.01 });
    for (let i = 0; i < 5; i++) {
      tf.tidy(() => optimizer.step({ w: randn([20], [2, i]) }, { gradScale: tf.scalar(0.5) }));
    }
    const values = w.dataSync<'float32'>();
    tf.dispose(w);
    optimizer.dispose();
    return values;
  };
  const plain = moved();
  void tf.setBackend('tensorflow');
  expect(plain).toBeCloseToMax(moved(), 1e-6);
});

it('a kernel that is not there is named', () => {
  expect(hasKernel('SdmGeglu')).toBe(false);
  tf.tidy(() => {
    expect(() => runKernel('SdmGeglu', { input: tf.zeros([2]) })).toThrow(/'SdmGeglu'.*'cpu'/s);
  });
});
