/**
 * What a sampling needs of any scheduler. A step of every scheduler is one linear form:
 *
 *     x0     = clip(x0FromSample · x + x0FromOutput · modelOutput)
 *     x_prev = original · x0 + sample · x + output · modelOutput
 *              + previousOriginal · (x0 of the step before) + noise · z
 *
 * so a scheduler only says the numbers of each step (`stepCoefficients`, on the host) and how far x0 may go
 * (`bounds`), and one function of plain tensor ops applies them (`linearStep`). No scheduler keeps tensors or
 * draws noise. Traced with the numbers as tensors, a step depends on the scheduler by its bounds alone: all
 * schedulers of the same bounds (`boundsKey`) can share a graph.
 */
import { tf } from '../backend';
import { shown } from '../options';
import type { NoiseScheduleConfig } from './config';
import type { NoiseSchedule } from './noise-schedule';
import { withinBounds, type Bounds } from './thresholding';

/** The order in which coefficients are packed into a tensor for a traced sampler. */
export const COEFFICIENTS = [
  'x0FromSample',
  'x0FromOutput',
  'original',
  'sample',
  'output',
  'previousOriginal',
  'noise',
] as const;

/** Numbers of one step, or scalars that a traced sampler is fed with at every step. */
export type StepCoefficients<T extends number | tf.Scalar = number> = {
  readonly [K in (typeof COEFFICIENTS)[number]]: T;
};

/** What a step starts from. */
export interface StepInputs {
  /** The model's prediction, [B, …] float32. */
  readonly modelOutput: tf.Tensor;
  /** The noisy image x, shaped as the output. */
  readonly sample: tf.Tensor;
  /** Standard normal, shaped as the sample; null for steps that add none. */
  readonly noise?: tf.Tensor | null;
  /** `predOriginalSample` of the step before; null at the first step and for one-step methods. */
  readonly previousOriginal?: tf.Tensor | null;
}

/** What a step gives; the caller disposes both. */
export interface SchedulerStep {
  /** The image, one step less noisy. */
  readonly prevSample: tf.Tensor;
  /** The model's present guess of the noiseless image, clipped as the config says. */
  readonly predOriginalSample: tf.Tensor;
}

/** What a sampling loop needs, over betas or not. */
export interface Sampler {
  readonly config: { readonly num_train_timesteps: number };
  /** How far the predicted x0 may go; null for no bounds. The one thing that a traced step holds fixed. */
  readonly bounds: Bounds | null;
  /** Standard deviation of the noise that sampling starts from. */
  readonly initNoiseSigma: number;
  /** The time steps of the sampling, noisiest first; before `setTimesteps`, every step of the training. */
  readonly timesteps: Int32Array | Float32Array;
  /** Chooses the time steps of a sampling with that many steps. */
  setTimesteps(numInferenceSteps: number): void;
  /** The shares of image and noise in the sample at the beginning of a step; after the last step, at the end. */
  levelAt(index: number): NoiseLevel;
  /**
   * The numbers of the step that starts at `timesteps[index]`.
   *
   * @param begin the first step that is taken; a multistep method knows of none before. Default 0
   * @throws Error if the index is not a position of the sampling
   */
  stepCoefficients(index: number, begin?: number): StepCoefficients;
  /** The scheduler_config.json that diffusers loads. */
  toJSON(): Record<string, unknown>;
}

/** A sample is alpha · image + sigma · noise. */
export interface NoiseLevel {
  readonly alpha: number;
  readonly sigma: number;
}

export interface Scheduler extends Sampler {
  readonly config: Readonly<NoiseScheduleConfig>;
  /** What diffusers takes as arguments of `step`, if there is any. */
  readonly options?: object;
  /** What the model is trained with: betas, ᾱ, noisy images and targets. */
  readonly noiseSchedule: NoiseSchedule;
  /** ᾱ of each training step, float32; that of `noiseSchedule`. */
  readonly alphasCumprod: Float32Array;
  addNoise<T extends tf.Tensor>(samples: T, noise: tf.Tensor, timesteps: tf.Tensor1D): T;
  getVelocity<T extends tf.Tensor>(samples: T, noise: tf.Tensor, timesteps: tf.Tensor1D): T;
  /** The step with given coefficients: numbers, or scalars inside a traced function. */
  stepWithCoefficients(
    inputs: StepInputs,
    coefficients: StepCoefficients<number | tf.Scalar>,
  ): SchedulerStep;
  /**
   * The step from one of `timesteps` to the next. Where a time step is visited twice (Heun), the visits are
   * taken in turns; a sampling that begins amid the others begins with the second, as in diffusers.
   *
   * @param noise not needed where the step's coefficient of it is 0, as at the last step
   * @param previousOriginal `predOriginalSample` of the step before, for multistep methods
   */
  step(
    modelOutput: tf.Tensor,
    timestep: number,
    sample: tf.Tensor,
    noise?: tf.Tensor | null,
    previousOriginal?: tf.Tensor | null,
  ): SchedulerStep;
}

/** @throws TypeError if it is no scheduler */
export function requireScheduler(owner: string, value: unknown): void {
  const given = value as Partial<Sampler> | null | undefined;
  if (typeof given?.setTimesteps === 'function' && typeof given.config === 'object') return;
  throw new TypeError(
    `${owner}: expected a scheduler, such as new DDIMScheduler(config), got ${shown(value)}.`,
  );
}

/** Whether what a scheduler's model was trained with is a schedule of betas. */
export function isOverBetas({ config }: { readonly config: object }): boolean {
  return 'beta_schedule' in config;
}

/** What a pipeline may be given in the place of a scheduler: over betas any other, else another of the class. */
export type Exchangeable<S extends Sampler> = S extends Scheduler ? Scheduler : S;

type Term = readonly [coefficient: number | tf.Scalar, tensor: tf.Tensor | null, name: string];

function weightedSum(terms: readonly Term[]): tf.Tensor {
  const products: tf.Tensor[] = [];
  for (const [coefficient, tensor, name] of terms) {
    if (coefficient === 0) continue;
    if (tensor) products.push(tf.mul(coefficient, tensor));
    else if (typeof coefficient === 'number') {
      throw new Error(
        `Expected ${name} for this step (its coefficient is ${coefficient}), got null.`,
      );
    }
  }
  return products.reduce((sum, product) => tf.add(sum, product));
}

/**
 * Applies a step's coefficients: the two lines at the head of this file.
 *
 * @param bounds how far x0 may go: clipped to ±bounds, or thresholded; null leaves it
 * @returns new tensors; the caller disposes both
 * @throws Error if a tensor with a non-zero number as coefficient is null, or shapes differ
 */
export function linearStep(
  { modelOutput, sample, noise = null, previousOriginal = null }: StepInputs,
  c: StepCoefficients<number | tf.Scalar>,
  bounds: Bounds | null,
): SchedulerStep {
  for (const [name, tensor] of Object.entries({ modelOutput, noise, previousOriginal })) {
    if (!tensor || tf.util.arraysEqual(tensor.shape, sample.shape)) continue;
    const [expected, got] = [sample.shape, tensor.shape].map((shape) => `[${shape.join(', ')}]`);
    throw new Error(`${name}: expected the sample's shape ${expected}, got ${got}.`);
  }
  return tf.tidy(() => {
    const x0 = weightedSum([
      [c.x0FromSample, sample, 'sample'],
      [c.x0FromOutput, modelOutput, 'modelOutput'],
    ]);
    const predOriginalSample = withinBounds(x0, bounds);
    const prevSample = weightedSum([
      [c.original, predOriginalSample, 'predOriginalSample'],
      [c.sample, sample, 'sample'],
      [c.output, modelOutput, 'modelOutput'],
      [c.previousOriginal, previousOriginal, 'previousOriginal (the last predOriginalSample)'],
      [c.noise, noise, 'noise'],
    ]);
    return { prevSample, predOriginalSample };
  });
}

/**
 * All coefficients of the sampling, [timesteps.length, COEFFICIENTS.length] row by row.
 *
 * @param begin the first step that is taken. Default 0
 */
export function coefficientTable(scheduler: Sampler, begin = 0): Float32Array {
  const rows = Array.from(scheduler.timesteps, (_, index) =>
    scheduler.stepCoefficients(index, begin),
  );
  return Float32Array.from(rows.flatMap((row) => COEFFICIENTS.map((name) => row[name])));
}

/**
 * One step's row of the table, as what a traced step is fed with.
 *
 * @returns float32 [COEFFICIENTS.length]; the caller disposes it
 * @throws RangeError if the table has no such row
 */
export function coefficientRow(table: Float32Array, index: number): tf.Tensor1D {
  const width = COEFFICIENTS.length;
  if (!Number.isInteger(index) || index < 0 || (index + 1) * width > table.length) {
    const most = Math.floor(table.length / width) - 1;
    throw new RangeError(`coefficientRow: expected an index from 0 to ${most}, got ${index}.`);
  }
  return tf.tensor1d(table.subarray(index * width, (index + 1) * width));
}

/** A row of the table as scalars, for `linearStep` inside a traced function. */
export function unpackCoefficients(row: tf.Tensor1D): StepCoefficients<tf.Scalar> {
  const scalars = tf.split(row, COEFFICIENTS.length).map((part) => tf.reshape(part, []));
  return Object.fromEntries(
    COEFFICIENTS.map((name, i) => [name, scalars[i]]),
  ) as unknown as StepCoefficients<tf.Scalar>;
}
