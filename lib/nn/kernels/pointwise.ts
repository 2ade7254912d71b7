/** x W + b by a kernel, for backends that add the bias as they multiply. */
import { hasKernel, runKernel, tf } from '../../backend';

const KERNEL = 'SdmPointwise';

export function hasPointwiseKernel(): boolean {
  return hasKernel(KERNEL);
}

/**
 * A convolution of one pixel, as a product of matrices; only where `hasPointwiseKernel`.
 *
 * @param pixels [N, in]
 * @param weight [in, out]
 * @param bias [out]
 * @returns [N, out], disposed by the caller
 */
export function pointwiseByKernel(
  pixels: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
): tf.Tensor2D {
  const op = tf.customGrad((...args) => {
    const [x, w, b] = args as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as unknown as tf.GradSaveFunc;
    save([x, w]);
    return {
      value: runKernel(KERNEL, { x, weight: w, bias: b })[0]!,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x0, w0] = saved as [tf.Tensor, tf.Tensor];
        return [tf.matMul(dy, w0, false, true), tf.matMul(x0, dy, true, false), tf.sum(dy, 0)];
      },
    };
  });
  return op(pixels, weight, bias) as tf.Tensor2D;
}
