/** One step of AdamW for some parameters, as torch.optim.AdamW computes it. */
import { hasKernel, runKernel, tf } from '../../backend';
import { unlessFound } from './found-inf';
import { assignParts, joined } from './joined';

const KERNEL = 'AdamW';

/** A parameter with the running means of its gradient and of the gradient's square, and the gradient, shaped as it. */
export interface AdamWParameter {
  readonly parameter: tf.Variable;
  readonly expAvg: tf.Variable;
  readonly expAvgSq: tf.Variable;
  readonly gradient: tf.Tensor;
}

/** What all of them share. */
export interface AdamWInputs {
  /** What gradients are multiplied by first. */
  readonly scale: tf.Scalar;
  readonly learningRate: tf.Scalar;
  /** Counted from 1. */
  readonly step: tf.Scalar;
  /** Where it is not 0, no variable changes; default 0. */
  readonly foundInf?: tf.Scalar | undefined;
}

export type AdamWConstants = {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
};

/** Assigns the variables their next values. Inside of a tidy: what it makes on the way is left to that. */
export function adamWUpdate(
  parameters: readonly AdamWParameter[],
  inputs: AdamWInputs,
  constants: AdamWConstants,
): void {
  // A kernel without outputs leaves it to plain ops: it works in graphs only.
  if (hasKernel(KERNEL) && runKernel(KERNEL, asNamed(parameters, inputs), constants).length > 0) {
    return;
  }
  tf.tidy(() => plain(parameters, inputs, constants));
}

/** The four scalars, then four tensors of each parameter. */
function asNamed(parameters: readonly AdamWParameter[], inputs: AdamWInputs) {
  const { scale, learningRate, step, foundInf = tf.scalar(0) } = inputs;
  const named: Record<string, tf.Tensor> = { scale, learningRate, step, foundInf };
  parameters.forEach(({ parameter, expAvg, expAvgSq, gradient }, i) => {
    Object.assign(named, {
      [`parameter${i}`]: parameter,
      [`expAvg${i}`]: expAvg,
      [`expAvgSq${i}`]: expAvgSq,
      [`gradient${i}`]: gradient,
    });
  });
  return named;
}

function plain(
  parameters: readonly AdamWParameter[],
  { scale, learningRate, step, foundInf }: AdamWInputs,
  { beta1, beta2, epsilon, weightDecay }: AdamWConstants,
): void {
  const all = (role: 'parameter' | 'expAvg' | 'expAvgSq') => parameters.map((one) => one[role]);
  const gradient = tf.mul(joined(parameters.map((one) => one.gradient)), scale);
  const [parameter, mean, square] = [all('parameter'), all('expAvg'), all('expAvgSq')].map(
    joined,
  ) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  const size = tf.div(learningRate, biasCorrection(beta1, step));
  const root = tf.sqrt(biasCorrection(beta2, step));
  const keep = tf.sub(1, tf.mul(learningRate, weightDecay));
  const nextMean = tf.add(mean, tf.mul(tf.sub(gradient, mean), 1 - beta1)) as tf.Tensor1D;
  const nextSquare = tf.add(tf.mul(square, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const denominator = tf.add(tf.div(tf.sqrt(nextSquare), root), epsilon);
  const next = tf.sub(tf.mul(parameter, keep), tf.mul(tf.div(nextMean, denominator), size));
  const assign = (role: 'parameter' | 'expAvg' | 'expAvgSq', value: tf.Tensor, before: tf.Tensor) =>
    assignParts(all(role), unlessFound(foundInf, value as tf.Tensor1D, before));
  assign('expAvg', nextMean, mean);
  assign('expAvgSq', nextSquare, square);
  assign('parameter', next, parameter);
}

/** 1 − beta^step. Through expm1: in float32, 1 − 0.999^1 itself would be wrong in the fifth digit. */
function biasCorrection(beta: number, step: tf.Tensor): tf.Tensor {
  return tf.neg(tf.expm1(tf.mul(step, Math.log(beta))));
}
