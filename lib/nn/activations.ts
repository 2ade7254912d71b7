/** Activation functions. Each saves its input only, and computes the rest again in the gradient. */
import { tf } from '../backend';
import { fusedOp, hasFusedOps } from './fused-ops';

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

/** Φ(x), the standard normal's distribution function. */
function normalCdf(x: tf.Tensor): tf.Tensor {
  return tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
}

/** x · Φ(x), exact as torch's `nn.GELU()`. */
export const gelu = tf.customGrad((x, save) => {
  const input = x as tf.Tensor;
  (save as tf.GradSaveFunc)([input]);
  return {
    value: tf.mul(input, normalCdf(input)),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, geluDerivative(saved[0]!)),
  };
}) as <T extends tf.Tensor>(x: T) => T;

/** Φ(x) + x · φ(x). */
function geluDerivative(x: tf.Tensor): tf.Tensor {
  const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return tf.add(normalCdf(x), tf.mul(x, density));
}

/**
 * a · gelu(b), where a and b are the two halves of x along its last axis (Shazeer 2020, "GLU variants
 * improve transformer"; diffusers' `GEGLU` without its projection).
 *
 * @param x [..., 2C]
 * @returns [..., C], disposed by the caller
 */
export function geglu<T extends tf.Tensor>(x: T): T {
  return (hasFusedOps() ? fusedGeglu : plainGeglu)(x);
}

const fusedGeglu = tf.customGrad((x, save) => {
  const input = x as tf.Tensor;
  (save as tf.GradSaveFunc)([input]);
  return {
    value: fusedOp('SdmGeglu', {}, [input], 1)[0]!,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
      fusedOp('SdmGegluGrad', {}, [dy, saved[0]!], 1)[0]!,
  };
}) as <T extends tf.Tensor>(x: T) => T;

const plainGeglu = tf.customGrad((x, save) => {
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
