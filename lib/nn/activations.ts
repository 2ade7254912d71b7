/** Activation functions. Each saves its input only, and computes the rest again in the gradient. */
import { tf } from '../backend';

/** x · σ(x); torch's `nn.SiLU`. Any shape; the caller disposes the result. */
export const silu = tf.customGrad((x, save) => {
  const input = x as tf.Tensor;
  (save as tf.GradSaveFunc)([input]);
  return {
    value: tf.mul(input, tf.sigmoid(input)),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const s = tf.sigmoid(saved[0]!);
      return tf.mul(dy, tf.mul(s, tf.add(1, tf.mul(saved[0]!, tf.sub(1, s)))));
    },
  };
}) as <T extends tf.Tensor>(x: T) => T;

/** x · σ(1.702 x); CLIP's activation (transformers' `QuickGELUActivation`). */
export const quickGelu = tf.customGrad((x, save) => {
  const input = x as tf.Tensor;
  (save as tf.GradSaveFunc)([input]);
  return {
    value: tf.mul(input, tf.sigmoid(tf.mul(input, 1.702))),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const scaled = tf.mul(saved[0]!, 1.702);
      const s = tf.sigmoid(scaled);
      return tf.mul(dy, tf.mul(s, tf.add(1, tf.mul(scaled, tf.sub(1, s)))));
    },
  };
}) as <T extends tf.Tensor>(x: T) => T;

export { gelu } from './gelu';
export { geglu } from './kernels/geglu';
