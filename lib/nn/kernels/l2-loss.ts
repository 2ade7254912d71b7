import { hasKernel, runKernel, tf } from '../../backend';

const KERNEL = 'L2Loss';

/** Σ x² / 2, as TensorFlow's `tf.nn.l2_loss`; without a gradient. A scalar, disposed by the caller. */
export function l2Loss(x: tf.Tensor): tf.Scalar {
  if (hasKernel(KERNEL)) return runKernel(KERNEL, { x })[0] as tf.Scalar;
  return tf.tidy(() => tf.div<tf.Scalar>(tf.sum(tf.square(x)), 2));
}
