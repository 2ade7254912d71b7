import { type tf } from '../..';
import { nodeBackend } from '../binding';
import { canUpdateInPlace, updateInPlace } from '../graph/tracer';
import { fusedAttributes, hasFusedOps } from './fused';
import type { NodeKernel } from './node-kernel';

interface Parameter {
  readonly parameter: tf.Variable;
  readonly expAvg: tf.Variable;
  readonly expAvgSq: tf.Variable;
  readonly gradient: tf.Tensor;
}

interface Shared {
  readonly scale: tf.Scalar;
  readonly learningRate: tf.Scalar;
  readonly step: tf.Scalar;
  readonly foundInf: tf.Scalar;
}

interface Constants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

const PARTS = 4;

/**
 * `AdamW`: in a graph, the variables are changed in place, by a few ops of our own. No outputs, so that plain ops do it, where
 * there are none, nothing is traced, or a variable was assigned in the graph before.
 */
export const adamW: NodeKernel = ({ inputs, attrs }) => {
  if (!hasFusedOps()) return [];
  const { scale, learningRate, step, foundInf, ...rest } = inputs as unknown as Shared;
  const tensors = Object.values(rest) as tf.Tensor[];
  const parameters = Array.from({ length: tensors.length / 4 }, (_, i) => {
    const [parameter, expAvg, expAvgSq, gradient] = tensors.slice(4 * i, 4 * i + 4);
    return { parameter, expAvg, expAvgSq, gradient } as Parameter;
  });
  if (!canUpdateInPlace(parameters.flatMap(variablesOf))) return [];
  const shared = { scale, learningRate, step, foundInf };
  const constants = attrs as unknown as Constants;
  for (const part of partsOf(parameters)) update(part, shared, constants);
  const { dataId, shape, dtype } = step;
  nodeBackend().incRef(dataId);
  return [{ dataId, shape, dtype }];
};

const variablesOf = ({ parameter, expAvg, expAvgSq }: Parameter) => [parameter, expAvg, expAvgSq];

/** In parts of about as many numbers, which TensorFlow computes side by side. */
function partsOf(parameters: readonly Parameter[]): readonly (readonly Parameter[])[] {
  const total = parameters.reduce((sum, { parameter }) => sum + parameter.size, 0);
  const parts = Array.from({ length: PARTS }, (): Parameter[] => []);
  let before = 0;
  for (const one of parameters) {
    parts[Math.floor((before / total) * PARTS)]!.push(one);
    before += one.parameter.size;
  }
  return parts.filter((part) => part.length > 0);
}

function update(
  parameters: readonly Parameter[],
  { scale, learningRate, step, foundInf }: Shared,
  { beta1, beta2, epsilon, weightDecay }: Constants,
): void {
  const roles = ['parameter', 'expAvg', 'expAvgSq'] as const;
  const variables = roles.flatMap((role) => parameters.map((one) => one[role]));
  const attributes = fusedAttributes({
    N: parameters.length,
    handles: variables.length,
    decay1: 1 - beta1,
    decay2: 1 - beta2,
    epsilon,
    weight_decay: weightDecay,
  });
  const gradients = parameters.map(({ gradient }) => gradient);
  const inputs = [...gradients, scale, learningRate, step, foundInf];
  updateInPlace('SdmAdamW', variables, inputs, attributes);
}
