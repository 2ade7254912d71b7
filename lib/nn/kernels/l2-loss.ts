import { hasKernel, runKernel, tf } from '../../backend';
import { isBetterApart, joined } from './joined';

const KERNEL = 'L2Loss';

/** Σ x² / 2 of all tensors together, as TensorFlow's `tf.nn.l2_loss`; without a gradient. A scalar, disposed by the caller. */
export function l2Loss(tensors: readonly tf.Tensor[]): tf.Scalar {
  return tf.tidy(() => {
    return isBetterApart() ? tf.addN(tensors.map(ofOne)) : ofOne(joined(tensors));
  });
}

function ofOne(x: tf.Tensor): tf.Scalar {
  if (hasKernel(KERNEL)) return runKernel(KERNEL, { x })[0] as tf.Scalar;
  return tf.div<tf.Scalar>(tf.sum(tf.square(x)), 2);
}
