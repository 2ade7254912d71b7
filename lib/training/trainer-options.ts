import type { tf } from '../backend';
import { Cluster } from '../backend/node';
import { emaOptions, type EMAOptions } from '../optim/ema';
import { MIXED_PRECISION_RULE, type MixedPrecision } from '../jit';
import { LR_SCALES_RULE, type LRScales } from '../optim/lr-scales';
import type { LRSchedule } from '../optim/lr-scheduler';
import { OPTIMIZER_RULE, type OptimizerName } from '../optim/make-optimizer';
import type { GradientCompression } from './gradient-exchange';
import {
  FLAG_RULE,
  SEED_RULE,
  checkOptions,
  isCount,
  isPositive,
  requireRecord,
  NOT_NEGATIVE_RULE,
  type OptionRules,
} from '../options';

/**
 * Is given the gathered gradients before they are clipped and applied, and may assign them anew: a sum over several
 * processes, for example.
 */
export type ExchangeGradients = (
  gradients: ReadonlyMap<string, tf.Variable>,
) => void | Promise<void>;

/** Hyperparameters of a training, whatever is trained; each optional one has its default. */
export interface TrainerOptions {
  /** Samples per optimizer step. */
  readonly batchSize: number;
  /**
   * Samples at once in memory; the gradients of several are summed. Default: the whole batch. `auto` finds
   * one that fits at the first step (see micro-batches.ts).
   */
  readonly microBatchSize?: number | 'auto' | undefined;
  /** Base learning rate. Default 1e-3. */
  readonly learningRate?: number | undefined;
  /** Factor of the learning rate after so many steps, as of `getScheduler`. Default: always 1. */
  readonly lrSchedule?: LRSchedule | undefined;
  /**
   * `adamw` (default), or `muon`: the UNet's hidden matrices and convolutions by Muon, all else by AdamW (MuonWithAuxAdam). It
   * wants a higher rate, of some 4e-3.
   */
  readonly optimizer?: OptimizerName | undefined;
  /** What the rate is multiplied by for some parts: `{ text_encoder: 0.1 }`. Default {}. */
  readonly lrScales?: LRScales | undefined;
  /** Share of a weight that is taken off per step, times the learning rate. Default 0.01. */
  readonly weightDecay?: number | undefined;
  /** Gradients are scaled down to this norm; null (default) leaves them. */
  readonly maxGradNorm?: number | null | undefined;
  /** Keeps an average of the weights, which draws cleaner than the last ones; null (default) keeps none. */
  readonly ema?: EMAOptions | null | undefined;
  /** What to do with a batch whose loss or gradient is NaN or infinite: `throw` (default), or leave it out. */
  readonly nonFinite?: 'throw' | 'skip' | undefined;
  /** With `skip`: how many batches in a row may be left out. Default 3. */
  readonly maxSkippedSteps?: number | undefined;
  /** Called between gathering and applying gradients; a promise is awaited. Default null: nothing. */
  readonly exchangeGradients?: ExchangeGradients | null | undefined;
  /**
   * The workers that train together, of which this process is one (`joinCluster`): each computes some of a batch's rows,
   * and all have the same losses and weights. Null (default): this process trains alone.
   */
  readonly cluster?: Cluster | null | undefined;
  /** How gradients go from worker to worker: `none` (default) as float32, `bfloat16` as half of the bytes. */
  readonly gradientCompression?: GradientCompression | undefined;
  /**
   * `bf16`: products and convolutions of the step in bfloat16, where the processor has instructions for it; weights, their
   * moments and averages, gradients as they are gathered, sums and files stay float32. `auto`: that where it is possible,
   * which is said. As accelerate's `mixed_precision`. Default `no`: all in float32.
   */
  readonly mixedPrecision?: MixedPrecision | undefined;
  /**
   * Whether XLA compiles the graphs of losses and gradients, which fuses their ops: for GPUs. Where layers use the library's fused ops
   * for CPUs it is left out, which is said. Default false.
   */
  readonly xla?: boolean | undefined;
  /**
   * How many steps are logged together, at each that is a multiple of it. Above 1 a step is one graph that brings nothing to the host, which
   * on a GPU need not wait: losses and norms are fetched together, so that `onStep`, `onSkip` and what they save see the weights
   * after the last of these steps. A batch that is not finite is noticed then; it and those after it have changed nothing, and are done
   * anew. Only where a batch is computed at once and nothing is exchanged; else it is 1, which is said. As transformers'
   * `logging_steps`. Default 1.
   */
  readonly loggingSteps?: number | undefined;
  /** Order of the data, and everything random that the objective draws. */
  readonly seed: number;
}

/** All options, checked. */
export type ResolvedTrainerOptions = { readonly [K in keyof TrainerOptions]-?: Given<K> };
type Given<K extends keyof TrainerOptions> = K extends 'ema'
  ? Required<EMAOptions> | null
  : Exclude<TrainerOptions[K], undefined>;

const isFunction = (v: unknown) => typeof v === 'function';

const isCluster = (v: unknown, { batchSize }: { readonly batchSize: number }) =>
  v === null || (v instanceof Cluster && v.size <= batchSize);

const RULES: OptionRules<ResolvedTrainerOptions> = {
  batchSize: ['an integer ≥ 1', isCount],
  microBatchSize: [
    "an integer from 1 to batchSize or 'auto'",
    (v, { batchSize }) => v === 'auto' || (isCount(v) && v <= batchSize),
  ],
  learningRate: NOT_NEGATIVE_RULE,
  optimizer: OPTIMIZER_RULE,
  lrScales: LR_SCALES_RULE,
  weightDecay: NOT_NEGATIVE_RULE,
  maxGradNorm: ['null or a number > 0', (v) => v === null || isPositive(v)],
  ema: ['null or options of EMAModel', (v) => typeof v === 'object' && !Array.isArray(v)],
  lrSchedule: ['a function of the step', isFunction],
  nonFinite: ["'throw' or 'skip'", (v) => v === 'throw' || v === 'skip'],
  maxSkippedSteps: ['an integer ≥ 1', isCount],
  exchangeGradients: ['null or a function', (v) => v === null || isFunction(v)],
  cluster: ['null or what joinCluster gave, of at most batchSize workers', isCluster],
  gradientCompression: ["'none' or 'bfloat16'", (v) => v === 'none' || v === 'bfloat16'],
  mixedPrecision: MIXED_PRECISION_RULE,
  xla: FLAG_RULE,
  loggingSteps: ['an integer ≥ 1', isCount],
  seed: SEED_RULE,
};

/**
 * Fills in the defaults.
 *
 * @throws RangeError naming every option that is unknown or out of range
 */
export function resolveTrainerOptions(options: TrainerOptions): ResolvedTrainerOptions {
  requireRecord('Trainer', options, 'options such as { batchSize: 64 }');
  const defaults = {
    microBatchSize: options.batchSize,
    learningRate: 1e-3,
    lrSchedule: () => 1,
    optimizer: 'adamw' as const,
    lrScales: {},
    weightDecay: 0.01,
    maxGradNorm: null,
    ema: null,
    nonFinite: 'throw' as const,
    maxSkippedSteps: 3,
    exchangeGradients: null,
    cluster: null,
    gradientCompression: 'none' as const,
    mixedPrecision: 'no' as const,
    xla: false,
    loggingSteps: 1,
  };
  const o = checkOptions('Trainer', options, defaults, RULES);
  return { ...o, ema: o.ema && emaOptions(o.ema) };
}
