/** x Wᵀ + b by one kernel: for backends that hold weights in a way of their own, or where each call of an op takes its time. */
import { hasKernel, runKernel, tf } from '../../backend';

const KERNEL = 'SdmLinear';

export function hasLinearKernel(): boolean {
  return hasKernel(KERNEL);
}

/**
 * As `linear`; only where `hasLinearKernel`.
 *
 * @param x [..., in]
 * @param weight [out, in]
 * @param bias [out], or null
 * @returns [..., out], disposed by the caller
 */
export function linearByKernel(
  x: tf.Tensor,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D | null,
): tf.Tensor {
  return runKernel(KERNEL, { x, weight, ...(bias && { bias }) })[0]!;
}

const rowsOf = (x: tf.Tensor) => tf.reshape(x, [-1, x.shape.at(-1)!]);

tf.registerGradient({
  kernelName: KERNEL,
  inputsToSave: ['x', 'weight'],
  gradFunc: (given, saved) => {
    const dy = given as tf.Tensor;
    const [x, weight] = saved as [tf.Tensor, tf.Tensor];
    return {
      x: () => tf.reshape(tf.matMul(rowsOf(dy), weight), x.shape),
      weight: () => tf.matMul(rowsOf(dy), rowsOf(x), true),
      bias: () => tf.sum(rowsOf(dy), 0),
    };
  },
});
