import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';

/** A step of linear regression by gradient descent with momentum. */
export function regression() {
  const w = tf.variable(tf.tensor2d([[0.5], [-0.3]]));
  const m = tf.variable(tf.zeros([2, 1]));
  const step = jit((x: tf.Tensor) => {
    const { value, grads } = tf.variableGrads(
      () => tf.mean(tf.square(tf.sub(tf.matMul(x as tf.Tensor2D, w), 1))) as tf.Scalar,
      [w],
    );
    m.assign(tf.add(tf.mul(m, 0.9), grads[w.name] as tf.Tensor));
    w.assign(tf.sub(w, tf.mul(m, 0.01)));
    return value;
  });
  return { w, m, step };
}
