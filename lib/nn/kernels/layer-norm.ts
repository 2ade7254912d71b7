/** Layer normalization. Its gradient saves the input and two numbers a row, not the normalized copy. */
import { hasKernel, runKernel, tf } from '../../backend';

const KERNEL = 'SdmLayerNorm';

/**
 * Layer normalization over the last axis (Ba et al. 2016), as `torch.nn.functional.layer_norm`.
 *
 * @param x [..., C]
 * @returns [..., C], disposed by the caller
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  eps: number,
): T {
  return (hasKernel(KERNEL) ? byKernel : plain)(x, weight, bias, eps);
}

function byKernel<T extends tf.Tensor>(
  x: T,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  epsilon: number,
): T {
  const op = tf.customGrad((...args) => {
    const [input, gamma, beta] = args as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as unknown as tf.GradSaveFunc;
    const inputs = { x: input, weight: gamma, bias: beta };
    const [y, mean, rstd] = runKernel(KERNEL, inputs, { epsilon });
    save([input, gamma, mean!, rstd!]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x0, g, mu, r] = saved as [tf.Tensor, ...tf.Tensor[]];
      return runKernel(`${KERNEL}Grad`, { dy, x: x0, weight: g!, mean: mu!, rstd: r! });
    };
    return { value: y!, gradFunc };
  });
  return op(x, weight, bias) as T;
}

function plain<T extends tf.Tensor>(x: T, weight: tf.Tensor1D, bias: tf.Tensor1D, eps: number): T {
  const op = tf.customGrad((...args) => {
    const [input, gamma, beta] = args as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as unknown as tf.GradSaveFunc;
    const mean = tf.mean(input, -1, true);
    const centred = tf.sub(input, mean);
    const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), eps)); // [..., 1]
    save([input, gamma, mean, rstd]);
    return {
      value: tf.add(tf.mul(tf.mul(centred, rstd), gamma), beta),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x0, g, mu, r] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        const C = x0.shape[x0.rank - 1]!;
        const xhat = tf.mul(tf.sub(x0, mu), r);
        const d = tf.mul(dy, g);
        const a = tf.mean(d, -1, true);
        const b = tf.mean(tf.mul(d, xhat), -1, true);
        const dx = tf.mul(r, tf.sub(tf.sub(d, a), tf.mul(xhat, b)));
        const dWeight = tf.sum(tf.reshape(tf.mul(dy, xhat), [-1, C]), 0);
        return [dx, dWeight, tf.sum(tf.reshape(dy, [-1, C]), 0)];
      },
    };
  });
  return op(x, weight, bias) as T;
}
