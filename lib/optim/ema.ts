/**
 * Exponential moving average of the weights: sampled from, it draws cleaner than the last weights.
 * The warm-up and the names are those of diffusers' training_utils.EMAModel. A step is plain tensor
 * ops without host reads, so it can be traced into a graph with the optimizer's.
 */
import { tf } from '../backend';
import { markDisposed, refuseDisposed } from '../nn/disposed';
import { unlessFound } from '../nn/kernels/found-inf';
import { assignParts, isBetterApart, joined } from '../nn/kernels/joined';
import { checkStateDict, loadStateDict, stateDict, type StateDict } from '../nn/state-dict';
import {
  checkOptions,
  FLAG_RULE,
  isPositive,
  isShare,
  isWholeNumber,
  type OptionRules,
} from '../options';
import { requireParameters } from './named-tensors';
import type { OptimizerStepOptions } from './optimizer';

export interface EMAOptions {
  /** Largest share of the average that a step keeps, in [0, 1]. */
  readonly decay?: number;
  /** Smallest share that a step keeps, once the average no longer just follows; in [0, decay]. */
  readonly minDecay?: number;
  /** Steps at the beginning in which the average just follows the weights. */
  readonly updateAfterStep?: number;
  /** Decay 1 − (1 + step/invGamma)^−power instead of (1 + step) / (10 + step). */
  readonly useEmaWarmup?: boolean;
  readonly invGamma?: number;
  readonly power?: number;
}

const DEFAULTS: Required<EMAOptions> = {
  decay: 0.9999,
  minDecay: 0,
  updateAfterStep: 0,
  useEmaWarmup: false,
  invGamma: 1,
  power: 2 / 3,
};

const RULES: OptionRules<Required<EMAOptions>> = {
  decay: ['a number in [0, 1]', isShare],
  minDecay: ['a number in [0, decay]', (value, { decay }) => isShare(value) && value <= decay],
  updateAfterStep: ['an integer ≥ 0', (value) => isWholeNumber(value) && value >= 0],
  useEmaWarmup: FLAG_RULE,
  invGamma: ['a number > 0', isPositive],
  power: ['a number > 0', isPositive],
};

/**
 * Fills in the defaults, also for what is given as undefined.
 *
 * @throws TypeError if they are no record; RangeError naming every option that is unknown or out of range
 */
export function emaOptions(options: EMAOptions): Required<EMAOptions> {
  return checkOptions('EMAModel', options, DEFAULTS, RULES);
}

/** An average after a share of its way to present values. */
const nearer = <T extends tf.Tensor>(average: T, present: T, share: tf.Tensor): T =>
  tf.sub(average, tf.mul(tf.sub(average, present), share));

export class EMAModel {
  readonly options: Required<EMAOptions>;
  private readonly parameters: ReadonlyMap<string, tf.Variable>;
  /** Its fields are the state dict: `optimization_step`, `shadow_params.<name>`. */
  private readonly state: {
    readonly optimization_step: tf.Variable;
    readonly shadow_params: Readonly<Record<string, tf.Variable>>;
  };
  private stored: tf.Tensor[] | null = null;
  private isCopied = false;

  /** @param parameters the variables to average, by name; the average starts as a copy of them */
  constructor(parameters: ReadonlyMap<string, tf.Variable>, options: EMAOptions = {}) {
    requireParameters('EMAModel', parameters);
    this.options = emaOptions(options);
    this.parameters = parameters;
    const copies = [...parameters].map(([name, p]) => [name, tf.variable(p, false)] as const);
    this.state = {
      optimization_step: tf.tidy(() => tf.variable(tf.scalar(0), false)),
      shadow_params: Object.fromEntries(copies),
    };
  }

  /** The averaged weights by parameter name; they belong to this object. */
  get shadowParams(): ReadonlyMap<string, tf.Variable> {
    return new Map(Object.entries(this.state.shadow_params));
  }

  /**
   * 1 − decay at an optimizer step counted from 1. Not computed as decay first: in float32,
   * 1 − 0.9999 would be wrong in the fourth digit.
   */
  private newShare(optimizationStep: tf.Tensor): tf.Tensor {
    const { decay, minDecay, updateAfterStep, useEmaWarmup, invGamma, power } = this.options;
    const step = tf.maximum(tf.sub(optimizationStep, updateAfterStep + 1), 0);
    const share = useEmaWarmup
      ? tf.pow(tf.add(1, tf.div(step, invGamma)), -power)
      : tf.div(9, tf.add(10, step));
    const bounded = tf.minimum(tf.maximum(share, 1 - decay), 1 - minDecay);
    return tf.where(tf.greater(step, 0), bounded, tf.onesLike(bounded));
  }

  /**
   * Takes the parameters' present values into the average; call it after every optimizer step.
   *
   * @param foundInf as of the optimizer's step: where it is not 0, nothing changes
   */
  step({ foundInf }: Pick<OptimizerStepOptions, 'foundInf'> = {}): void {
    this.refuseDisposed('step');
    tf.tidy(() => {
      const { optimization_step, shadow_params } = this.state;
      const step = tf.add(optimization_step, 1);
      optimization_step.assign(unlessFound(foundInf, step, optimization_step));
      const share = this.newShare(step);
      const moved = (average: tf.Tensor, present: tf.Tensor) =>
        unlessFound(foundInf, nearer(average, present, share), average);
      const pairs = [...this.parameters].map(([name, p]) => [shadow_params[name]!, p] as const);
      if (isBetterApart()) {
        for (const [shadow, p] of pairs) tf.tidy(() => shadow.assign(moved(shadow, p)));
      } else {
        const shadows = pairs.map(([shadow]) => shadow);
        const next = moved(joined(shadows), joined(pairs.map(([, p]) => p)));
        assignParts(shadows, next as tf.Tensor1D);
      }
    });
  }

  /**
   * Runs a function with the averaged weights in the parameters, and puts the trained ones back, also
   * when it fails.
   */
  async withAveragedWeights<T>(run: () => T | Promise<T>): Promise<T> {
    this.store();
    try {
      this.copyTo();
      return await run();
    } finally {
      if (this.stored) this.restore(); // unless it was disposed meanwhile, which restores, too
    }
  }

  /** Keeps a copy of the parameters for `restore`. */
  store(): void {
    this.refuseDisposed('store');
    if (this.stored)
      throw new Error('EMAModel.store: the parameters are stored already; restore first.');
    this.stored = [...this.parameters.values()].map((parameter) => tf.keep(parameter.clone()));
  }

  /** Sets the parameters to their average. */
  copyTo(): void {
    this.refuseDisposed('copyTo');
    this.isCopied = this.stored !== null;
    for (const [name, parameter] of this.parameters) {
      parameter.assign(this.state.shadow_params[name]!);
    }
  }

  /** Sets the parameters to what `store` kept. */
  restore(): void {
    if (!this.stored) throw new Error('EMAModel.restore: nothing is stored; call store first.');
    [...this.parameters.values()].forEach((parameter, i) => parameter.assign(this.stored![i]!));
    tf.dispose(this.stored);
    this.stored = null;
    this.isCopied = false;
  }

  /**
   * What trains or saves trained weights, or loads others, would take the average for them, and `restore` would undo it.
   *
   * @throws Error naming the owner while averaged weights stand in the parameters and the trained ones are stored
   */
  requireTrainedWeights(owner: string): void {
    if (!this.isCopied) return;
    throw new Error(
      `${owner}: expected the trained weights in the models, but the averaged ones stand there: wait until withAveragedWeights ` +
        'has ended (await it), or call ema.restore() first.',
    );
  }

  /** Steps done and the averaged weights: on the host, in torch's layouts. */
  stateDict(): StateDict {
    this.refuseDisposed('stateDict');
    return stateDict(this.state);
  }

  /** @throws Error that names all missing, unexpected and misshaped keys */
  checkStateDict(state: StateDict): void {
    checkStateDict(this.state, state, 'EMAModel');
  }

  /** @throws Error that names all missing, unexpected and misshaped keys; nothing is then changed */
  loadStateDict(state: StateDict): void {
    this.refuseDisposed('loadStateDict');
    loadStateDict(this.state, state, 'EMAModel');
  }

  /** Frees the average, not the parameters, which are first restored if they were stored. */
  dispose(): void {
    const isThere = [...this.parameters.values()].every((parameter) => !parameter.isDisposed);
    if (this.stored && isThere) this.restore();
    const { optimization_step, shadow_params } = this.state;
    tf.dispose([optimization_step, ...Object.values(shadow_params), ...(this.stored ?? [])]);
    this.stored = null;
    markDisposed(this);
  }

  private refuseDisposed(method: string): void {
    refuseDisposed(`EMAModel.${method}`, { 'the average': this });
  }
}
