/**
 * AdamW: Adam whose weight decay acts on the weights directly, not through the gradient.
 *
 * Loshchilov & Hutter 2019, "Decoupled weight decay regularization"; the update, the defaults and the
 * state's names are those of torch.optim.AdamW. A step reads nothing on the host, so that it can be traced
 * into a graph; the step count lives in a variable, the learning rate of a traced step is an argument.
 */
import { tf } from '../backend';
import { adamWUpdate } from '../nn/kernels/adamw';
import { markDisposed, refuseDisposed } from '../nn/disposed';
import { loadStateDict, stateDict, type StateDict } from '../nn/state-dict';
import { checkLRScales, LR_SCALES_RULE, scaledRates, type LRScales } from './lr-scales';
import {
  matchGradients,
  requireParameters,
  zeroVariable,
  type NamedTensors,
} from './named-tensors';
import { requireTracedRate, type Optimizer, type OptimizerStepOptions } from './optimizer';
import { ANY_RULE, checkGiven, shown } from '../options';

export interface AdamWOptions {
  /** Learning rate, ≥ 0. Default 1e-3. */
  readonly lr?: number;
  /** Decay of the running means of the gradient and of its square, each in [0, 1). */
  readonly betas?: readonly [number, number];
  /** Added to the denominator, ≥ 0. */
  readonly eps?: number;
  /** Share of a weight that is taken off per step, times lr; ≥ 0. */
  readonly weightDecay?: number;
  /** Other rates of some parameters. Default {}: none. */
  readonly lrScales?: LRScales | undefined;
}

type Resolved = Required<AdamWOptions> & { readonly lrScales: LRScales };

function checkOptions({ lr, betas, eps, weightDecay, lrScales }: Resolved): void {
  const rules: [name: string, value: unknown, expected: string, fits: boolean][] = [
    ['lrScales', lrScales, LR_SCALES_RULE[0], LR_SCALES_RULE[1](lrScales)],
    ['lr', lr, 'a finite number ≥ 0', Number.isFinite(lr) && lr >= 0],
    ['betas[0]', betas[0], 'a number in [0, 1)', betas[0] >= 0 && betas[0] < 1],
    ['betas[1]', betas[1], 'a number in [0, 1)', betas[1] >= 0 && betas[1] < 1],
    ['eps', eps, 'a finite number ≥ 0', Number.isFinite(eps) && eps >= 0],
    [
      'weightDecay',
      weightDecay,
      'a finite number ≥ 0',
      Number.isFinite(weightDecay) && weightDecay >= 0,
    ],
  ];
  const problems = rules.filter(([, , , fits]) => !fits);
  if (problems.length === 0) return;
  const lines = problems.map(
    ([name, value, expected]) => `${name}: expected ${expected}, got ${shown(value)}`,
  );
  throw new Error(`AdamW: ${lines.join('; ')}`);
}

export class AdamW implements Optimizer {
  readonly options: Omit<Resolved, 'lr'>;
  private readonly parameters: ReadonlyMap<string, tf.Variable>;
  /** Its fields are the state dict: `step`, `exp_avg.<name>`, `exp_avg_sq.<name>`. */
  readonly state: {
    readonly step: tf.Variable;
    readonly exp_avg: Readonly<Record<string, tf.Variable>>;
    readonly exp_avg_sq: Readonly<Record<string, tf.Variable>>;
  };
  private learningRate: number;

  /**
   * @param parameters the variables to train, by name; the optimizer changes but never disposes them
   * @throws Error that names all options out of range
   */
  constructor(parameters: ReadonlyMap<string, tf.Variable>, options: AdamWOptions = {}) {
    requireParameters('AdamW', parameters);
    checkGiven('AdamW', options, {
      lr: ANY_RULE,
      betas: ANY_RULE,
      eps: ANY_RULE,
      weightDecay: ANY_RULE,
      lrScales: ANY_RULE,
    });
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01 } = options;
    const { lrScales = {} } = options;
    this.options = { betas, eps, weightDecay, lrScales };
    checkOptions({ ...this.options, lr });
    checkLRScales('AdamW', lrScales, [...parameters.keys()]);
    const moments = () =>
      Object.fromEntries([...parameters].map(([name, { shape }]) => [name, zeroVariable(shape)]));
    this.parameters = parameters;
    this.state = { step: zeroVariable([]), exp_avg: moments(), exp_avg_sq: moments() };
    this.learningRate = lr;
  }

  /** The learning rate of steps that are not given another. */
  get lr(): number {
    return this.learningRate;
  }

  set lr(lr: number) {
    checkOptions({ ...this.options, lr });
    this.learningRate = lr;
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
      const rateOf = scaledRates(options.lr ?? tf.scalar(this.learningRate), lrScales);
      const step = tf.add<tf.Scalar>(this.state.step, 1);
      this.state.step.assign(step);
      const scale = options.gradScale ?? tf.scalar(1);
      const { exp_avg, exp_avg_sq } = this.state;
      for (const [name, parameter] of this.parameters) {
        const variables = { parameter, expAvg: exp_avg[name]!, expAvgSq: exp_avg_sq[name]! };
        const gradient = gradients.get(name)!;
        tf.tidy(() => {
          const inputs = { gradient, scale, learningRate: rateOf(name), step };
          adamWUpdate(variables, inputs, constants);
        });
      }
    });
  }

  /** Steps done, moments: on the host, by torch's names, in torch's layouts. */
  stateDict(): StateDict {
    refuseDisposed('AdamW.stateDict', { 'the optimizer': this });
    return stateDict(this.state);
  }

  /** @throws Error that names all missing, unexpected and misshaped keys; nothing is then changed */
  loadStateDict(state: StateDict): void {
    refuseDisposed('AdamW.loadStateDict', { 'the optimizer': this });
    loadStateDict(this.state, state, 'AdamW');
  }

  /** Frees the optimizer's own variables, not the parameters. */
  dispose(): void {
    const { step, exp_avg, exp_avg_sq } = this.state;
    tf.dispose([step, ...Object.values(exp_avg), ...Object.values(exp_avg_sq)]);
    markDisposed(this);
  }
}
