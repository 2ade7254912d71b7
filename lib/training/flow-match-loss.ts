/** Flow matching's loss and how its time steps are drawn, as diffusers' train_dreambooth_sd3.py. */
import { tf } from '../backend';
import type { Conditioning, Denoiser } from '../conditioning/conditioning';
import { rand, randn, type RandomKey } from '../random';
import type { FlowMatchEulerDiscreteScheduler } from '../schedulers/flow-match-euler-discrete';
import { contrastiveSquares, otherPair, type Others, type Pair } from './contrastive';
import { predictLessGuidance, type Guidance } from './model-guidance';

export const WEIGHTING_SCHEMES = ['none', 'logit_normal', 'mode', 'sigma_sqrt', 'cosmap'] as const;
/** `logit_normal` and `mode` draw the middle more often; `sigma_sqrt` and `cosmap` draw evenly and weigh. */
export type WeightingScheme = (typeof WEIGHTING_SCHEMES)[number];

export interface DensityOptions {
  readonly weightingScheme: WeightingScheme;
  /** Mean and deviation of the normal numbers of `logit_normal`; above 0 favours little noise. */
  readonly logitMean: number;
  readonly logitStd: number;
  /** How much `mode` favours the middle. */
  readonly modeScale: number;
}

/**
 * How far along each of `count` samples is, 0 noise to 1 image; `compute_density_for_timestep_sampling`.
 *
 * @returns float32 [count]; the caller disposes it
 */
export function drawDensity(options: DensityOptions, count: number, key: RandomKey): tf.Tensor1D {
  return tf.tidy(() =>
    densityOf(
      options,
      options.weightingScheme === 'logit_normal'
        ? randn<tf.Rank.R1>([count], key)
        : rand<tf.Rank.R1>([count], key),
    ),
  );
}

/** @param drawn standard normal for `logit_normal`, else uniform in [0, 1) */
export function densityOf(
  { weightingScheme, logitMean, logitStd, modeScale }: DensityOptions,
  drawn: tf.Tensor1D,
): tf.Tensor1D {
  return tf.tidy((): tf.Tensor1D => {
    if (weightingScheme === 'logit_normal') {
      return tf.sigmoid(tf.add<tf.Tensor1D>(tf.mul(drawn, logitStd), logitMean));
    }
    if (weightingScheme !== 'mode') return drawn.clone();
    const cosine = tf.square(tf.cos(tf.mul(drawn, Math.PI / 2)));
    const bent = tf.mul(tf.add(tf.sub(cosine, 1), drawn), modeScale);
    return tf.sub(tf.sub(1, drawn), bent);
  });
}

/** Weights of the squared error, shaped as σ; `compute_loss_weighting_for_sd3`. `sigma_sqrt` is σ⁻², whatever its name says. */
function weightsOf(scheme: WeightingScheme, sigmas: tf.Tensor): tf.Tensor | null {
  if (scheme === 'sigma_sqrt') return tf.pow(sigmas, -2);
  if (scheme !== 'cosmap') return null;
  const bottom = tf.add(tf.sub(1, tf.mul(sigmas, 2)), tf.mul(tf.square(sigmas), 2));
  return tf.div(2 / Math.PI, bottom);
}

export interface FlowMatchLossParts {
  readonly unet: Denoiser;
  readonly noiseScheduler: FlowMatchEulerDiscreteScheduler;
  readonly weightingScheme: WeightingScheme;
  /** Compares the predicted images, which weighs the velocity's error by σ²; SD3's script does, by default. */
  readonly preconditionOutputs: boolean;
  /** How much predictions are pushed away from the target of the batch's other pair, ≥ 0. Default 0. */
  readonly contrastiveWeight?: number;
}

/** A batch; all tensors belong to the caller. What else it holds goes to the model as extras. */
export type FlowMatchBatch = Conditioning & {
  /** [B, h, w, c] */
  readonly latents: tf.Tensor4D;
  /** standard normal, shaped as the latents */
  readonly noise: tf.Tensor4D;
  /** float32 [B]: σ · num_train_timesteps, of the scheduler's `trainTimesteps` */
  readonly timesteps: tf.Tensor1D;
} & Others &
  Guidance;

/**
 * The mean squared error of the velocity noise − x0 at x_σ = (1 − σ) · x0 + σ · noise; if asked contrastive (Stoica et al. 2025) and
 * with guidance as a part of its target (Tang et al. 2025).
 *
 * @returns a scalar; the caller disposes it
 */
export function flowMatchLoss(
  parts: FlowMatchLossParts,
  { latents, noise, timesteps, otherLatents, otherNoise, ...conditioning }: FlowMatchBatch,
): tf.Scalar {
  const {
    unet,
    noiseScheduler,
    weightingScheme,
    preconditionOutputs,
    contrastiveWeight = 0,
  } = parts;
  return tf.tidy(() => {
    const noisy = noiseScheduler.scaleNoise(latents, noise, timesteps);
    const velocity = predictLessGuidance(unet, noisy, timesteps, conditioning);
    const n = noiseScheduler.config.num_train_timesteps;
    const sigmas = tf.reshape(tf.div(timesteps, n), [-1, 1, 1, 1]);
    const imageOf = (v: tf.Tensor4D) => tf.sub<tf.Tensor4D>(noisy, tf.mul(v, sigmas));
    const own = { latents, noise };
    const targetOf = (pair: Pair): tf.Tensor4D => {
      if (preconditionOutputs && pair === own) return latents;
      const target = tf.sub<tf.Tensor4D>(pair.noise, pair.latents);
      return preconditionOutputs ? imageOf(target) : target;
    };
    const prediction = preconditionOutputs ? imageOf(velocity) : velocity;
    const other = otherPair({ otherLatents, otherNoise });
    const squares = contrastiveSquares(prediction, { own, other, targetOf, contrastiveWeight });
    const weights = weightsOf(weightingScheme, sigmas);
    return tf.mean<tf.Scalar>(weights ? tf.mul(squares, weights) : squares);
  });
}
