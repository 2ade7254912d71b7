import { hasKernel, runKernel, tf } from '../../backend';
import { geluDerivative, normalCdf } from '../gelu';

const KERNEL = 'SdmGeglu';

/**
 * a · gelu(b), where a and b are the two halves of x along its last axis (Shazeer 2020, "GLU variants
 * improve transformer"; diffusers' `GEGLU` without its projection).
 *
 * @param x [..., 2C]
 * @returns [..., C], disposed by the caller
 */
export function geglu<T extends tf.Tensor>(x: T): T {
  return (hasKernel(KERNEL) ? byKernel : plain)(x);
}

const byKernel = tf.customGrad((x, save) => {
  const input = x as tf.Tensor;
  (save as tf.GradSaveFunc)([input]);
  return {
    value: runKernel(KERNEL, { input })[0]!,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
      runKernel(`${KERNEL}Grad`, { dy, input: saved[0]! })[0]!,
  };
}) as <T extends tf.Tensor>(x: T) => T;

const plain = tf.customGrad((x, save) => {
  const input = x as tf.Tensor;
  (save as tf.GradSaveFunc)([input]);
  const [hidden, gate] = tf.split(input, 2, -1) as [tf.Tensor, tf.Tensor];
  return {
    value: tf.mul(hidden, tf.mul(gate, normalCdf(gate))),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [a, b] = tf.split(saved[0]!, 2, -1) as [tf.Tensor, tf.Tensor];
      const dHidden = tf.mul(dy, tf.mul(b, normalCdf(b)));
      const dGate = tf.mul(tf.mul(dy, a), geluDerivative(b));
      return tf.concat([dHidden, dGate], -1);
    },
  };
}) as <T extends tf.Tensor>(x: T) => T;
