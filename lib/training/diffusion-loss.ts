import { tf } from '../backend';
import type { Conditioning, Denoiser } from '../conditioning/conditioning';
import { minSnrWeights, predictionTarget } from '../schedulers/forward-process';
import type { Scheduler } from '../schedulers/scheduler';
import { contrastiveSquares, otherPair, type Others } from './contrastive';
import { predictLessGuidance, type Guidance } from './model-guidance';

/** What the loss is of. */
export interface DiffusionLossParts {
  readonly unet: Denoiser;
  readonly noiseScheduler: Pick<Scheduler, 'config' | 'alphasCumprod' | 'addNoise' | 'getVelocity'>;
  /** Caps the weight of time steps with little noise, by min-SNR; null (default) weighs all alike. */
  readonly minSnrGamma?: number | null;
  /** How much predictions are pushed away from the target of the batch's other pair, ≥ 0. Default 0. */
  readonly contrastiveWeight?: number;
}

/** A batch; all tensors belong to the caller. What else it holds goes to the model as extras. */
export type DiffusionBatch = Conditioning & {
  /** [B, h, w, c] */
  readonly latents: tf.Tensor4D;
  /** standard normal, shaped as the latents */
  readonly noise: tf.Tensor4D;
  /** int32 [B], 0…num_train_timesteps − 1 */
  readonly timesteps: tf.Tensor1D;
} & Others &
  Guidance;

/**
 * The mean squared error of the prediction, as a diffusion model is trained (Ho et al. 2020, algorithm 1; velocity and
 * sample targets as in Salimans & Ho 2022); if asked weighted by min-SNR (Hang et al. 2023), contrastive (Stoica et al. 2025) and
 * with guidance as a part of its target (Tang et al. 2025).
 *
 * @returns a scalar; the caller disposes it
 */
export function diffusionLoss(
  { unet, noiseScheduler, minSnrGamma = null, contrastiveWeight = 0 }: DiffusionLossParts,
  { latents, noise, timesteps, otherLatents, otherNoise, ...conditioning }: DiffusionBatch,
): tf.Scalar {
  return tf.tidy(() => {
    const noisy = noiseScheduler.addNoise(latents, noise, timesteps);
    const prediction = predictLessGuidance(unet, noisy, timesteps, conditioning);
    const squares = contrastiveSquares(prediction, {
      own: { latents, noise },
      other: otherPair({ otherLatents, otherNoise }),
      targetOf: (pair) => predictionTarget(noiseScheduler, pair.latents, pair.noise, timesteps),
      contrastiveWeight,
    });
    if (minSnrGamma === null) return tf.mean<tf.Scalar>(squares);
    const { alphasCumprod, config } = noiseScheduler;
    const weights = minSnrWeights(alphasCumprod, config.prediction_type, minSnrGamma, timesteps);
    return tf.mean<tf.Scalar>(tf.mul(tf.mean(squares, [1, 2, 3]), weights));
  });
}
