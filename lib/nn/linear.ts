import { tf } from '../backend';
import { hasLinearKernel, linearByKernel } from './kernels/linear';

/**
 * y = x Wᵀ + b; `torch.nn.functional.linear`.
 *
 * @param x [..., in]
 * @param weight [out, in]
 * @param bias [out]
 * @returns [..., out], disposed by the caller
 */
export function linear<T extends tf.Tensor>(
  x: T,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D | null = null,
): T {
  return tf.tidy(() => {
    const [outFeatures, inFeatures] = weight.shape;
    const rows = tf.reshape(x, [-1, inFeatures]) as tf.Tensor2D;
    const y = hasLinearKernel() ? linearByKernel(rows, weight, bias) : plain(rows, weight, bias);
    return tf.reshape(y, [...x.shape.slice(0, -1), outFeatures]) as T;
  });
}

function plain(rows: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor1D | null): tf.Tensor {
  const product = tf.matMul(rows, weight, false, true);
  return bias ? tf.add(product, bias) : product;
}
