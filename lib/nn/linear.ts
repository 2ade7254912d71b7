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
  return (hasLinearKernel() ? linearByKernel : plain)(x, weight, bias) as T;
}

function plain(x: tf.Tensor, weight: tf.Tensor2D, bias: tf.Tensor1D | null): tf.Tensor {
  return tf.tidy(() => {
    const [outFeatures, inFeatures] = weight.shape;
    const rows = tf.reshape(x, [-1, inFeatures]);
    const product = tf.matMul(rows, weight, false, true);
    const y = bias ? tf.add(product, bias) : product;
    return tf.reshape(y, [...x.shape.slice(0, -1), outFeatures]);
  });
}
