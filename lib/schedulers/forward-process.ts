/**
 * The forward process: from an image to its noisy version at any time step, in one jump. Plain tensor
 * ops without host reads, so that it can be traced into a graph.
 *
 * Ho et al. 2020, "Denoising diffusion probabilistic models", equation 4.
 */
import { tf } from '../backend';
import { gatherRows } from '../nn/gather-rows';
import type { PredictionType } from './prediction';

/** `table[timesteps]`, shaped [B, 1, …] to go with tensors of that rank. */
function gatherByTimestep(table: Float32Array, timesteps: tf.Tensor1D, rank: number): tf.Tensor {
  const rows = gatherRows(tf.tensor1d(table), timesteps);
  return tf.reshape(rows, [timesteps.shape[0], ...new Array<number>(rank - 1).fill(1)]);
}

function checkBatch(samples: tf.Tensor, noise: tf.Tensor, timesteps: tf.Tensor1D): void {
  const list = (shape: readonly number[]) => `[${shape.join(', ')}]`;
  const problems: string[] = [];
  if (!tf.util.arraysEqual(samples.shape, noise.shape)) {
    problems.push(
      `noise: expected the samples' shape ${list(samples.shape)}, got ${list(noise.shape)}`,
    );
  }
  const batch = samples.shape[0] ?? 0;
  if (timesteps.dtype !== 'int32' || !tf.util.arraysEqual(timesteps.shape, [batch])) {
    const got = `${timesteps.dtype} ${list(timesteps.shape)}`;
    problems.push(`timesteps: expected int32 [${batch}], one per sample, got ${got}`);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

const sqrtOf = (table: Float32Array) => table.map(Math.sqrt);
const restOf = (table: Float32Array) =>
  table.map((alphaBar) => Math.sqrt(Math.fround(1 - alphaBar)));

/**
 * √ᾱ · samples + √(1−ᾱ) · noise, each sample at its own time step.
 *
 * @param alphasCumprod ᾱ of every time step
 * @param samples [B, …] float32
 * @param noise standard normal, shaped as the samples
 * @param timesteps int32 [B], 0…alphasCumprod.length − 1
 * @returns shaped as the samples; the caller disposes it
 * @throws Error if shapes or dtypes do not fit; TensorFlow's own on a CPU if a time step is out of range
 */
export function addNoise<T extends tf.Tensor>(
  alphasCumprod: Float32Array,
  samples: T,
  noise: tf.Tensor,
  timesteps: tf.Tensor1D,
): T {
  return tf.tidy(() => {
    checkBatch(samples, noise, timesteps);
    const alpha = gatherByTimestep(sqrtOf(alphasCumprod), timesteps, samples.rank);
    const sigma = gatherByTimestep(restOf(alphasCumprod), timesteps, samples.rank);
    return tf.add(tf.mul(alpha, samples), tf.mul(sigma, noise)) as T;
  });
}

/**
 * √ᾱ · noise − √(1−ᾱ) · samples: what a model with v-prediction learns (Salimans & Ho 2022,
 * "Progressive distillation for fast sampling of diffusion models"). Arguments as for `addNoise`.
 */
export function getVelocity<T extends tf.Tensor>(
  alphasCumprod: Float32Array,
  samples: T,
  noise: tf.Tensor,
  timesteps: tf.Tensor1D,
): T {
  return tf.tidy(() => {
    checkBatch(samples, noise, timesteps);
    const alpha = gatherByTimestep(sqrtOf(alphasCumprod), timesteps, samples.rank);
    const sigma = gatherByTimestep(restOf(alphasCumprod), timesteps, samples.rank);
    return tf.sub(tf.mul(alpha, noise), tf.mul(sigma, samples)) as T;
  });
}

/** What `predictionTarget` needs of a scheduler. */
export interface TargetScheduler {
  readonly config: { readonly prediction_type: PredictionType };
  getVelocity<T extends tf.Tensor>(samples: T, noise: tf.Tensor, timesteps: tf.Tensor1D): T;
}

/**
 * What a model of this scheduler is trained to predict: the noise, the samples themselves, or the velocity
 * (diffusers' train_text_to_image.py).
 *
 * @returns shaped as the samples; the velocity belongs to the caller, the others are the arguments
 */
export function predictionTarget<T extends tf.Tensor>(
  scheduler: TargetScheduler,
  samples: T,
  noise: T,
  timesteps: tf.Tensor1D,
): T {
  switch (scheduler.config.prediction_type) {
    case 'epsilon':
      return noise;
    case 'sample':
      return samples;
    case 'v_prediction':
      return scheduler.getVelocity(samples, noise, timesteps);
  }
}

/**
 * Signal-to-noise ratio ᾱ / (1−ᾱ) of each time step, for the weighting of Hang et al. 2023,
 * "Efficient diffusion training via min-SNR weighting strategy".
 *
 * @param timesteps int32 [B]
 * @returns float32 [B]; the caller disposes it
 */
export function computeSnr(alphasCumprod: Float32Array, timesteps: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => gatherByTimestep(snrOf(alphasCumprod), timesteps, 1) as tf.Tensor1D);
}

const snrOf = (table: Float32Array) =>
  table.map((a) => Math.fround(Math.sqrt(a) / Math.sqrt(Math.fround(1 - a))) ** 2);

/**
 * Weights of the squared error that cap what time steps with little noise count for: as if x0 were
 * predicted and weighted by min(SNR, gamma) (Hang et al. 2023). In terms of the noise that is
 * min(SNR, gamma) / SNR, of the velocity min(SNR, gamma) / (SNR + 1), as in diffusers'
 * train_text_to_image.py. With a zero-terminal SNR, the velocity's last step gets the weight 0.
 *
 * @param gamma > 0; the paper's is 5
 * @param timesteps int32 [B]
 * @returns float32 [B]; the caller disposes it
 * @throws RangeError if gamma is not > 0, or with `epsilon` if ᾱ is 0 at a time step: the weight is then 0/0
 */
export function minSnrWeights(
  alphasCumprod: Float32Array,
  predictionType: PredictionType,
  gamma: number,
  timesteps: tf.Tensor1D,
): tf.Tensor1D {
  if (!(gamma > 0)) throw new RangeError(`minSnrWeights: expected gamma > 0, got ${gamma}.`);
  const pureNoise = predictionType === 'epsilon' ? alphasCumprod.indexOf(0) : -1;
  if (pureNoise >= 0) {
    throw new RangeError(
      `minSnrWeights: expected alphasCumprod > 0 with predictionType 'epsilon', got 0 at time step ` +
        `${pureNoise}: min(SNR, gamma) / SNR is 0/0 there. Take 'v_prediction' or 'sample', or a schedule ` +
        'without rescale_betas_zero_snr.',
    );
  }
  const divisor = { epsilon: (snr: number) => snr, sample: () => 1, v_prediction: snrPlus1 };
  const weights = snrOf(alphasCumprod).map(
    (snr) => Math.fround(Math.min(snr, gamma)) / divisor[predictionType](snr),
  );
  return tf.tidy(() => gatherByTimestep(weights, timesteps, 1) as tf.Tensor1D);
}

const snrPlus1 = (snr: number) => Math.fround(snr + 1);
