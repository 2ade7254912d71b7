/**
 * AdamW: Adam whose weight decay acts on the weights directly, not through the gradient.
 *
 * Loshchilov & Hutter 2019, "Decoupled weight decay regularization"; the update, the defaults and the
 * state's names are those of torch.optim.AdamW. A step reads nothing on the host, so that it can be traced
 * into a graph; the step count lives in a variable, the learning rate of a traced step is an argument.
 */
import { tf } from '../backend';
import { adamWUpdate, type AdamWParameter } from '../nn/kernels/adamw';
import { unlessFound } from '../nn/kernels/found-inf';
import { refuseDisposed } from '../nn/disposed';
import { checkOptions, NOT_NEGATIVE_RULE, type OptionRules } from '../options';
import { LR_SCALES_RULE, scaledRates, type LRScales } from './lr-scales';
import { matchGradients, zeroVariable, type NamedTensors } from './named-tensors';
import { requireTracedRate, type OptimizerStepOptions } from './optimizer';
import { StatefulOptimizer } from './stateful-optimizer';

export interface AdamWOptions {
  /** Learning rate, ≥ 0. Default 1e-3. */
  readonly lr?: number | undefined;
  /** Decay of the running means of the gradient and of its square, each in [0, 1). */
  readonly betas?: readonly [number, number] | undefined;
  /** Added to the denominator, ≥ 0. */
  readonly eps?: number | undefined;
  /** Share of a weight that is taken off per step, times lr; ≥ 0. */
  readonly weightDecay?: number | undefined;
  /** Other rates of some parameters. Default {}: none. */
  readonly lrScales?: LRScales | undefined;
}

type Resolved = { readonly [K in keyof AdamWOptions]-?: Exclude<AdamWOptions[K], undefined> };

const DEFAULTS: Resolved = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0.01,
  lrScales: {},
};

const areBetas = (value: unknown) =>
  Array.isArray(value) &&
  value.length === 2 &&
  value.every((beta) => typeof beta === 'number' && beta >= 0 && beta < 1);

const RULES: OptionRules<Resolved> = {
  lr: NOT_NEGATIVE_RULE,
  betas: ['two numbers in [0, 1)', areBetas],
  eps: NOT_NEGATIVE_RULE,
  weightDecay: NOT_NEGATIVE_RULE,
  lrScales: LR_SCALES_RULE,
};

interface AdamWState extends Record<string, tf.Variable | Readonly<Record<string, tf.Variable>>> {
  readonly step: tf.Variable;
  readonly exp_avg: Readonly<Record<string, tf.Variable>>;
  readonly exp_avg_sq: Readonly<Record<string, tf.Variable>>;
}

export class AdamW extends StatefulOptimizer<AdamWState, Omit<Resolved, 'lr'>> {
  /** Its fields are the state dict: `step`, `exp_avg.<name>`, `exp_avg_sq.<name>`. */
  readonly state: AdamWState;

  /**
   * @param parameters the variables to train, by name; the optimizer changes but never disposes them
   * @throws RangeError that names all options out of range; Error for parameters that cannot be trained
   */
  constructor(parameters: ReadonlyMap<string, tf.Variable>, options: AdamWOptions = {}) {
    const { lr, ...others } = checkOptions('AdamW', options, DEFAULTS, RULES);
    super('AdamW', parameters, lr, others);
    this.state = { step: zeroVariable([]), exp_avg: this.zeros(), exp_avg_sq: this.zeros() };
  }

  /**
   * Moves every parameter by one step.
   *
   * @param grads one gradient per parameter, by name and in its shape; the caller disposes them
   * @throws Error that names all missing, unknown and misshaped gradients, or inside of a traced function without lr;
   *   nothing is then changed
   */
  step(grads: NamedTensors, options: OptimizerStepOptions = {}): void {
    refuseDisposed('AdamW.step', { 'the optimizer': this });
    const gradients = matchGradients('AdamW.step', grads, this.parameters);
    requireTracedRate('AdamW.step', options);
    const { betas, eps, weightDecay, lrScales } = this.options;
    const constants = { beta1: betas[0], beta2: betas[1], epsilon: eps, weightDecay };
    tf.tidy(() => {
      const rateOf = scaledRates(options.lr ?? tf.scalar(this.lr), lrScales);
      const { foundInf } = options;
      const step = unlessFound(foundInf, tf.add<tf.Scalar>(this.state.step, 1), this.state.step);
      this.state.step.assign(step);
      const scale = options.gradScale ?? tf.scalar(1);
      const { exp_avg, exp_avg_sq } = this.state;
      const byRate = new Map<tf.Scalar, AdamWParameter[]>();
      for (const [name, parameter] of this.parameters) {
        const learningRate = rateOf(name);
        const group = byRate.get(learningRate) ?? [];
        byRate.set(learningRate, group);
        const means = { expAvg: exp_avg[name]!, expAvgSq: exp_avg_sq[name]! };
        group.push({ parameter, ...means, gradient: gradients.get(name)! });
      }
      for (const [learningRate, parameters] of byRate) {
        adamWUpdate(parameters, { scale, learningRate, step, foundInf }, constants);
      }
    });
  }
}
