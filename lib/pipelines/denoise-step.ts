import { tf } from '../backend';
import { predict, type Conditioning, type Denoiser } from '../conditioning/conditioning';
import { inHalves, jit, type JitControl, type Precision } from '../jit';
import { randn } from '../random';
import { linearStep, unpackCoefficients } from '../schedulers/scheduler';
import type { Bounds } from '../schedulers/thresholding';

/** How strongly the prompt counts. */
export type Guidance = {
  /** s in u + s · (c − u). */
  readonly scale: tf.Scalar;
  /** φ of `rescaleNoiseCfg`; null leaves the guided prediction. */
  readonly rescale: tf.Scalar | null;
};

/** Everything one step needs, as tensors of the caller's. */
export interface DenoiseInputs {
  /** The noisy latents, [N, h, w, c]. */
  readonly sample: tf.Tensor4D;
  /** `predOriginalSample` of the step before, or zeros at the first. */
  readonly previousOriginal: tf.Tensor4D;
  /** Of N rows, or if guided of 2N with what guidance departs from first. */
  readonly conditioning: Conditioning;
  /** Null: the prediction is the model's own. */
  readonly guidance: Guidance | null;
  /** int32 or float32 [1] */
  readonly timestep: tf.Tensor1D;
  /** The scheduler's numbers for this step, a row of `coefficientTable`. */
  readonly coefficients: tf.Tensor1D;
  /** int32 [2]: where the step's noise comes from. */
  readonly key: tf.Tensor1D;
}

/** What one step gives; the caller disposes both. */
export type DenoiseOutput = {
  readonly prevSample: tf.Tensor4D;
  readonly predOriginalSample: tf.Tensor4D;
};

/**
 * The guided prediction: both halves in one batch, u + s · (c − u) (Ho & Salimans 2022, "Classifier-free
 * diffusion guidance", with s = 1 + w).
 */
function guided(
  model: Denoiser,
  { sample, timestep, conditioning, guidance }: DenoiseInputs,
): tf.Tensor {
  const run = (latents: tf.Tensor4D) => {
    const timesteps = tf.tile(timestep, [latents.shape[0]]);
    const batch = { latents, timesteps, ...conditioning };
    return inHalves(({ latents: x, timesteps: t, ...c }: typeof batch) => {
      return predict(model, x, t, c);
    }, batch);
  };
  if (!guidance) return run(sample);
  const [uncond, cond] = tf.split(run(tf.concat([sample, sample])), 2) as [tf.Tensor, tf.Tensor];
  const both = tf.add(uncond, tf.mul(tf.sub(cond, uncond), guidance.scale));
  return guidance.rescale ? rescaleNoiseCfg(both, cond, guidance.rescale) : both;
}

/** Standard deviation of each image, [N, 1, 1, 1]. */
function deviation(x: tf.Tensor): tf.Tensor {
  const axes = [1, 2, 3];
  return tf.sqrt(tf.mean(tf.square(tf.sub(x, tf.mean(x, axes, true))), axes, true));
}

/**
 * Gives the guided prediction the spread of the unguided one again, by the share φ: guidance with a large
 * scale otherwise overexposes the image (Lin et al. 2023, "Common diffusion noise schedules and sample steps
 * are flawed", section 3.4, who take 0.7). As diffusers' `rescale_noise_cfg`.
 *
 * @param guided,cond [N, H, W, C]
 * @param share φ in [0, 1], a scalar
 * @returns shaped as both; the caller disposes it
 */
export function rescaleNoiseCfg(guided: tf.Tensor, cond: tf.Tensor, share: tf.Scalar): tf.Tensor {
  return tf.tidy(() => {
    const rescaled = tf.mul(guided, tf.div(deviation(cond), deviation(guided)));
    return tf.add(guided, tf.mul(tf.sub(rescaled, guided), share));
  });
}

export type DenoiseStep = ((inputs: DenoiseInputs) => DenoiseOutput) & JitControl;

/**
 * One denoising step as one TensorFlow graph: prediction, guidance, noise and the scheduler's step. What
 * changes from step to step goes in as tensors, so that all steps of a shape share the graph, whatever the scheduler.
 *
 * @param bounds how far the predicted x0 may go
 * @param precision of the prediction's products and convolutions; all else is float32
 */
export function makeDenoiseStep(
  model: Denoiser,
  bounds: Bounds | null,
  precision: Precision = 'float32',
): DenoiseStep {
  const denoise = (inputs: DenoiseInputs): DenoiseOutput =>
    tf.tidy(() => {
      const { sample, previousOriginal, coefficients, key } = inputs;
      const modelOutput = guided(model, inputs);
      const noise = randn<tf.Rank.R4>(sample.shape, key);
      const stepInputs = { modelOutput, sample, noise, previousOriginal };
      return {
        ...linearStep(stepInputs, unpackCoefficients(coefficients), bounds),
      } as DenoiseOutput;
    });
  return jit(denoise, { name: 'denoise', precision });
}
