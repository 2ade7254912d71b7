import { tf } from '../backend';

/** Φ(x), the standard normal's distribution function. */
export function normalCdf(x: tf.Tensor): tf.Tensor {
  return tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
}

/** Φ(x) + x · φ(x), the derivative of x · Φ(x). */
export function geluDerivative(x: tf.Tensor): tf.Tensor {
  const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return tf.add(normalCdf(x), tf.mul(x, density));
}

/** x · Φ(x), exact as torch's `nn.GELU()`. Saves its input only. */
export const gelu = tf.customGrad((x, save) => {
  const input = x as tf.Tensor;
  (save as tf.GradSaveFunc)([input]);
  return {
    value: tf.mul(input, normalCdf(input)),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, geluDerivative(saved[0]!)),
  };
}) as <T extends tf.Tensor>(x: T) => T;
