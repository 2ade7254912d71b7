import { isTracing, tf } from '../..';
import { nodeBackend, typeAttribute } from '../binding';
import { updateInPlace } from '../graph/tracer';
import { fusedAttributes, hasFusedOps } from './fused';
import type { NodeKernel } from './node-kernel';

interface Inputs {
  readonly parameter: tf.Variable;
  readonly expAvg: tf.Variable;
  readonly expAvgSq: tf.Variable;
  readonly gradient: tf.Tensor;
  readonly scale: tf.Scalar;
  readonly learningRate: tf.Scalar;
  readonly step: tf.Scalar;
}

interface Constants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/**
 * `AdamW`: in a graph, the three variables are changed in place, by one op of our own or by TensorFlow's. No outputs, so
 * that plain ops do it, where nothing is traced or a variable was assigned in the graph before.
 */
export const adamW: NodeKernel = ({ inputs, attrs }) => {
  const given = inputs as unknown as Inputs;
  const constants = attrs as unknown as Constants;
  if (!updateByOwnOp(given, constants) && !updateByAdam(given, constants)) return [];
  // The variables' values now, so that to assign them again changes nothing.
  return [given.parameter, given.expAvg, given.expAvgSq].map(({ dataId, shape, dtype }) => {
    nodeBackend().incRef(dataId);
    return { dataId, shape, dtype };
  });
};

function updateByOwnOp(inputs: Inputs, { beta1, beta2, epsilon, weightDecay }: Constants): boolean {
  if (!hasFusedOps()) return false;
  const { parameter, expAvg, expAvgSq, gradient, scale, learningRate, step } = inputs;
  const attributes = fusedAttributes({
    decay1: 1 - beta1,
    decay2: 1 - beta2,
    epsilon,
    weight_decay: weightDecay,
  });
  const variables = [parameter, expAvg, expAvgSq];
  return updateInPlace('SdmAdamW', variables, [gradient, scale, learningRate, step], attributes);
}

/** `ResourceApplyAdam`, with both bias corrections put into its other numbers. */
function updateByAdam(inputs: Inputs, { epsilon, weightDecay, ...betas }: Constants): boolean {
  if (!isTracing()) return false;
  const { parameter, expAvg, expAvgSq, scale, learningRate, step } = inputs;
  const gradient = tf.mul(inputs.gradient, scale);
  // It computes 1 − beta in float32, so that its beta is this one.
  const [beta1, beta2] = [Math.fround(betas.beta1), Math.fround(betas.beta2)];
  const root = tf.sqrt(biasCorrection(beta2, step));
  const size = tf.div(tf.mul(learningRate, root), biasCorrection(beta1, step));
  const [zero, b1, b2] = [tf.scalar(0), tf.scalar(beta1), tf.scalar(beta2)];
  const decayed = tf.mul(parameter, tf.mul(learningRate, weightDecay));
  const rest = [zero, zero, size, b1, b2, tf.mul(root, epsilon), gradient];
  const [T, dtype] = [typeAttribute('T', 'float32'), typeAttribute('dtype', 'float32')];
  return (
    updateInPlace('ResourceApplyAdam', [parameter, expAvg, expAvgSq], rest, [T]) &&
    updateInPlace('AssignSubVariableOp', [parameter], [decayed], [dtype])
  );
}

/** 1 − beta^step, through expm1 as in the plain version (lib/nn/kernels/adamw.ts says why). */
function biasCorrection(beta: number, step: tf.Tensor): tf.Tensor {
  return tf.neg(tf.expm1(tf.mul(step, Math.log(beta))));
}
