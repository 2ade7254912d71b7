/** A filter's gradient in bfloat16: the sums of what was rounded, themselves not rounded. */
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { bfloat16Support, hasProductTiles } from '../../lib/backend/node/bfloat16';
import { jit } from '../../lib/jit';
import { convSame } from '../../lib/nn/convolution';

/** Whole numbers, of which bfloat16 has those up to 256. */
const whole = (shape: readonly number[], seed: number) =>
  tf.randomUniform([...shape], -8, 8, 'int32', seed).toFloat();

/** By the convolution of x, channel by channel, with dy as the filter: sums of whole numbers, which float32 has exactly. */
function expected(x: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor {
  const [padded, gradients] = [
    tf.pad(x, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]),
    dy,
  ].map((tensor) => tf.transpose(tensor as tf.Tensor4D, [3, 1, 2, 0])) as [
    tf.Tensor4D,
    tf.Tensor4D,
  ];
  const filter = tf.transpose(gradients, [1, 2, 3, 0]);
  return tf.transpose(tf.conv2d(padded, filter as tf.Tensor4D, 1, 'valid'), [1, 2, 0, 3]);
}

it.skipIf(!bfloat16Support().isThere || hasProductTiles()).each([
  [2, 7, 7, 32, 16],
  [3, 14, 14, 16, 48],
  [1, 5, 9, 64, 32],
])('of %i images %i×%i, %i to %i channels', (batch, height, width, inputs, outputs) => {
  const gradient = jit(
    (x: tf.Tensor4D, weight: tf.Tensor4D, dy: tf.Tensor4D) =>
      tf.grad((w) => convSame(x, w as tf.Tensor4D, tf.zeros([outputs])))(weight, dy),
    { precision: 'bfloat16' },
  );
  tf.tidy(() => {
    const x = whole([batch, height, width, inputs], 1) as tf.Tensor4D;
    const dy = whole([batch, height, width, outputs], 2) as tf.Tensor4D;
    const weight = whole([3, 3, inputs, outputs], 3) as tf.Tensor4D;
    const exact = expected(x, dy);
    const largest = exact.abs().max().dataSync()[0]!;
    const off = gradient(x, weight, dy).sub(exact).abs().max().dataSync()[0]!;
    expect(largest).toBeGreaterThan(256); // more than bfloat16 has exactly
    expect(off / largest).toBeLessThan(2e-6);
  });
  gradient.dispose();
});
