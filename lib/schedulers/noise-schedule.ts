import type { tf } from '../backend';
import { cumulativeAlphas, makeBetas, rescaleZeroTerminalSnr } from './betas';
import type { TrainingConfig } from './config';
import {
  addNoise,
  computeSnr,
  getVelocity,
  minSnrWeights,
  predictionTarget,
} from './forward-process';

/** ᾱ of the last step of a rescaled schedule where it must not be 0: as near to it as diffusers goes. */
const LEAST_ALPHA_BAR = 2 ** -24;

/**
 * The noise schedule that a model is trained with, and everything that depends on it alone: the noisy image
 * at a time step, what the model is to predict there, and how much the step counts. Samplers are made over it.
 */
export class NoiseSchedule {
  /** The variance that each training step adds, float32. */
  readonly betas: Float32Array;
  /** ᾱ of each training step: the share of the image's variance that is left, float32. */
  readonly alphasCumprod: Float32Array;

  /**
   * @param config a scheduler's, or its keys of the training alone
   * @param hasFiniteSigmas keeps ᾱ above 0, for samplers that divide by it: √((1−ᾱ)/ᾱ) and the log-SNR stay finite
   */
  constructor(
    readonly config: Readonly<TrainingConfig>,
    { hasFiniteSigmas = false }: { readonly hasFiniteSigmas?: boolean } = {},
  ) {
    const { beta_schedule, num_train_timesteps, beta_start, beta_end } = config;
    const isRescaled = config.rescale_betas_zero_snr;
    const unscaled = makeBetas(beta_schedule, num_train_timesteps, beta_start, beta_end);
    this.betas = isRescaled ? rescaleZeroTerminalSnr(unscaled) : unscaled;
    this.alphasCumprod = cumulativeAlphas(this.betas);
    if (isRescaled && hasFiniteSigmas)
      this.alphasCumprod[num_train_timesteps - 1] = LEAST_ALPHA_BAR;
  }

  /** The samples' noisy versions at int32 [B] time steps; see `addNoise` of forward-process. */
  addNoise<T extends tf.Tensor>(samples: T, noise: tf.Tensor, timesteps: tf.Tensor1D): T {
    return addNoise(this.alphasCumprod, samples, noise, timesteps);
  }

  /** The target of v-prediction; see `getVelocity` of forward-process. */
  getVelocity<T extends tf.Tensor>(samples: T, noise: tf.Tensor, timesteps: tf.Tensor1D): T {
    return getVelocity(this.alphasCumprod, samples, noise, timesteps);
  }

  /** What the model learns to predict; see `predictionTarget` of forward-process. */
  predictionTarget<T extends tf.Tensor>(samples: T, noise: T, timesteps: tf.Tensor1D): T {
    return predictionTarget(this, samples, noise, timesteps);
  }

  /** Signal-to-noise ratios, float32 [B]; see `computeSnr` of forward-process. */
  computeSnr(timesteps: tf.Tensor1D): tf.Tensor1D {
    return computeSnr(this.alphasCumprod, timesteps);
  }

  /** Weights of the squared error, float32 [B]; see `minSnrWeights` of forward-process. */
  minSnrWeights(gamma: number, timesteps: tf.Tensor1D): tf.Tensor1D {
    return minSnrWeights(this.alphasCumprod, this.config.prediction_type, gamma, timesteps);
  }
}
