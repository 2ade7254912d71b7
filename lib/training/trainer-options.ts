import { emaOptions, type EMAOptions } from '../optim/ema';
import type { LRSchedule } from '../optim/lr-scheduler';

/** Hyperparameters of a training, checked. */
export interface TrainerOptions {
  /** Images per optimizer step. */
  readonly batchSize: number;
  /**
   * Images at once in memory; the gradients of several are summed. The whole batch by default. `auto` finds
   * one that fits at the first step (see micro-batches.ts).
   */
  readonly microBatchSize?: number | 'auto';
  readonly learningRate?: number;
  /** Factor of the learning rate after so many steps, as of `getScheduler`; constant by default. */
  readonly lrSchedule?: LRSchedule;
  readonly weightDecay?: number;
  /** Gradients are scaled down to this norm; null (default) leaves them. */
  readonly maxGradNorm?: number | null;
  /** Keeps an average of the weights, which draws cleaner than the last ones; null (default) keeps none. */
  readonly ema?: EMAOptions | null;
  /** Caps the weight of time steps with little noise (Hang et al. 2023; the paper's is 5); null (default): no. */
  readonly minSnrGamma?: number | null;
  /**
   * Standard deviation of a noise that is the same at all pixels of an image, added to the noise: so that
   * the model learns to change an image's brightness (Guttenberg 2023, "Diffusion with offset noise",
   * who takes 0.1); 0 unless told.
   */
  readonly offsetNoise?: number;
  /** Share of images trained with the empty caption, so that guidance has what it departs from. */
  readonly captionDropout?: number;
  /** Train the text encoder with the UNet (default), or keep it frozen. */
  readonly trainTextEncoder?: boolean;
  /** What to do with a batch whose loss or gradient is NaN or infinite: `throw` (default), or leave it out. */
  readonly nonFinite?: 'throw' | 'skip';
  /** With `skip`: how many batches in a row may be left out; 3 by default. */
  readonly maxSkippedSteps?: number;
  /** Tokens of a caption. */
  readonly maxLength?: number;
  /** Order of the data, noise, time steps, dropout. */
  readonly seed: number;
}

/** All options, checked. */
export type ResolvedTrainerOptions = Required<TrainerOptions>;

const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) > 0;

/**
 * Fills in the defaults.
 *
 * @throws RangeError naming every option that is out of range
 */
export function resolveTrainerOptions(options: TrainerOptions): ResolvedTrainerOptions {
  const o = {
    microBatchSize: options.batchSize,
    learningRate: 1e-3,
    lrSchedule: () => 1,
    weightDecay: 0.01,
    maxGradNorm: null,
    ema: null,
    minSnrGamma: null,
    offsetNoise: 0,
    captionDropout: 0,
    trainTextEncoder: true,
    nonFinite: 'throw' as const,
    maxSkippedSteps: 3,
    maxLength: 8,
    ...options,
  };
  const isNumber = (value: unknown): value is number => Number.isFinite(value);
  const rules: [name: keyof TrainerOptions, expected: string, fits: boolean][] = [
    ['batchSize', 'an integer ≥ 1', isCount(o.batchSize)],
    [
      'microBatchSize',
      "an integer from 1 to batchSize or 'auto'",
      o.microBatchSize === 'auto' || (isCount(o.microBatchSize) && o.microBatchSize <= o.batchSize),
    ],
    ['learningRate', 'a finite number ≥ 0', isNumber(o.learningRate) && o.learningRate >= 0],
    ['weightDecay', 'a finite number ≥ 0', isNumber(o.weightDecay) && o.weightDecay >= 0],
    [
      'maxGradNorm',
      'null or a number > 0',
      o.maxGradNorm === null || (isNumber(o.maxGradNorm) && o.maxGradNorm > 0),
    ],
    ['ema', 'null or options of EMAModel', typeof o.ema === 'object'],
    [
      'minSnrGamma',
      'null or a number > 0',
      o.minSnrGamma === null || (isNumber(o.minSnrGamma) && o.minSnrGamma > 0),
    ],
    ['offsetNoise', 'a finite number ≥ 0', isNumber(o.offsetNoise) && o.offsetNoise >= 0],
    [
      'captionDropout',
      'a number from 0 to 1',
      isNumber(o.captionDropout) && o.captionDropout >= 0 && o.captionDropout <= 1,
    ],
    ['lrSchedule', 'a function of the step', typeof o.lrSchedule === 'function'],
    ['trainTextEncoder', 'true or false', typeof o.trainTextEncoder === 'boolean'],
    ['nonFinite', "'throw' or 'skip'", ['throw', 'skip'].includes(o.nonFinite)],
    ['maxSkippedSteps', 'an integer ≥ 1', isCount(o.maxSkippedSteps)],
    ['maxLength', 'an integer ≥ 2', isCount(o.maxLength) && o.maxLength >= 2],
    ['seed', 'an integer from 0 to 2^53 − 1', Number.isSafeInteger(o.seed) && o.seed >= 0],
  ];
  const shown = (value: unknown) =>
    typeof value === 'object' ? JSON.stringify(value) : String(value as number);
  const known = new Set<string>(rules.map(([name]) => name));
  const unknown = Object.keys(options).filter((name) => !known.has(name));
  const problems = [
    ...rules
      .filter(([, , fits]) => !fits)
      .map(([name, e]) => `${name}: expected ${e}, got ${shown(o[name])}`),
    ...unknown.map((name) => `${name}: unknown option (known: ${[...known].join(', ')})`),
  ];
  if (problems.length > 0) throw new RangeError(`Trainer: ${problems.join('; ')}.`);
  return { ...o, ema: o.ema && emaOptions(o.ema) };
}
