/** One step of AdamW for one parameter, as torch.optim.AdamW computes it. */
import { hasKernel, runKernel, tf } from '../../backend';

const KERNEL = 'AdamW';

/** A parameter with the running means of its gradient and of the gradient's square. */
export interface AdamWVariables {
  readonly parameter: tf.Variable;
  readonly expAvg: tf.Variable;
  readonly expAvgSq: tf.Variable;
}

export interface AdamWInputs {
  /** Shaped as the parameter. */
  readonly gradient: tf.Tensor;
  /** What the gradient is multiplied by first. */
  readonly scale: tf.Scalar;
  readonly learningRate: tf.Scalar;
  /** Counted from 1. */
  readonly step: tf.Scalar;
}

export type AdamWConstants = {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
};

/** Assigns the variables their next values. Inside of a tidy: what it makes on the way is left to that. */
export function adamWUpdate(
  variables: AdamWVariables,
  inputs: AdamWInputs,
  constants: AdamWConstants,
): void {
  // A kernel without outputs leaves it to plain ops: TensorFlow's works in graphs only.
  const made = hasKernel(KERNEL) ? runKernel(KERNEL, { ...variables, ...inputs }, constants) : [];
  if (made.length === 0) {
    plain(variables, inputs, constants);
    return;
  }
  const { parameter, expAvg, expAvgSq } = variables;
  [parameter, expAvg, expAvgSq].forEach((variable, i) => variable.assign(made[i]!));
}

function plain(
  { parameter, expAvg, expAvgSq }: AdamWVariables,
  { gradient, scale, learningRate, step }: AdamWInputs,
  { beta1, beta2, epsilon, weightDecay }: AdamWConstants,
): void {
  const scaled = tf.mul(gradient, scale);
  const size = tf.div(learningRate, biasCorrection(beta1, step));
  const root = tf.sqrt(biasCorrection(beta2, step));
  const keep = tf.sub(1, tf.mul(learningRate, weightDecay));
  expAvg.assign(tf.add(expAvg, tf.mul(tf.sub(scaled, expAvg), 1 - beta1)));
  expAvgSq.assign(tf.add(tf.mul(expAvgSq, beta2), tf.mul(tf.square(scaled), 1 - beta2)));
  const denominator = tf.add(tf.div(tf.sqrt(expAvgSq), root), epsilon);
  parameter.assign(tf.sub(tf.mul(parameter, keep), tf.mul(tf.div(expAvg, denominator), size)));
}

/** 1 − beta^step. Through expm1: in float32, 1 − 0.999^1 itself would be wrong in the fifth digit. */
function biasCorrection(beta: number, step: tf.Tensor): tf.Tensor {
  return tf.neg(tf.expm1(tf.mul(step, Math.log(beta))));
}
