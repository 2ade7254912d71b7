/** x Wᵀ + b by a kernel, for backends that hold weights in a way of their own. */
import { hasKernel, runKernel, tf } from '../../backend';

const KERNEL = 'SdmLinear';

export function hasLinearKernel(): boolean {
  return hasKernel(KERNEL);
}

/**
 * As `linear`; only where `hasLinearKernel`.
 *
 * @param rows [N, in]
 * @param weight [out, in]
 * @param bias [out], or null
 * @returns [N, out], disposed by the caller
 */
export function linearByKernel(
  rows: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D | null,
): tf.Tensor2D {
  const op = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const [x, w, b] = args.slice(0, -1) as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor?];
    save([x, w]);
    return {
      value: runKernel(KERNEL, { x, weight: w, ...(b && { bias: b }) })[0]!,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x0, w0] = saved as [tf.Tensor, tf.Tensor];
        const dWeight = tf.matMul(dy, x0, true, false);
        return [tf.matMul(dy, w0), dWeight, ...(b ? [tf.sum(dy, 0)] : [])];
      },
    };
  });
  return op(rows, weight, ...(bias ? [bias] : [])) as tf.Tensor2D;
}
