import { isTracing, type tf } from '../backend';
import type { StateDict } from '../nn/state-dict';
import type { NamedTensors } from './named-tensors';

export interface OptimizerStepOptions {
  /** The learning rate of this step; default `lr`. A traced step needs it: a number would be fixed. */
  readonly lr?: tf.Scalar;
  /** What the gradients are multiplied by first, for example to clip their norm; default 1. */
  readonly gradScale?: tf.Scalar;
  /**
   * Where it is not 0, the step changes nothing, its count included: gradients that are not finite were found, and a graph cannot ask
   * the host. Default 0.
   */
  readonly foundInf?: tf.Scalar;
}

/** What moves parameters by their gradients, as torch.optim.Optimizer: a training knows no more of it than this. */
export interface Optimizer {
  /** All options but the rate, the defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The learning rate of steps that are not given another. */
  lr: number;
  /** Moves every parameter by one step; plain ops without host reads, so that it can be traced. */
  step(grads: NamedTensors, options?: OptimizerStepOptions): void;
  /** What the next step depends on beside the parameters: on the host, by torch's names, in torch's layouts. */
  stateDict(): StateDict;
  /** @throws Error that names all missing, unexpected and misshaped keys; nothing is then changed */
  loadStateDict(state: StateDict): void;
  /** Frees the optimizer's own variables, not the parameters. */
  dispose(): void;
}

/** @throws Error inside of a traced function without a rate as a scalar */
export function requireTracedRate(owner: string, { lr }: OptimizerStepOptions): void {
  if (!isTracing() || lr) return;
  throw new Error(
    `${owner}: expected lr as a scalar inside of a traced function, where the number would be the same at every call. ` +
      'Make it an argument of the function.',
  );
}
