import { tf } from '../backend';
import { jit, partSizes, threadsOfHalf, type JitControl } from '../jit';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { randn } from '../random';
import { unpackCoefficients, type Scheduler } from '../schedulers/scheduler';

/** Everything one step needs, as tensors of the caller's. */
export interface DenoiseInputs {
  /** The noisy images, [N, H, W, C]. */
  readonly sample: tf.Tensor4D;
  /** `predOriginalSample` of the step before, or zeros at the first. */
  readonly previousOriginal: tf.Tensor4D;
  /** [N, L, hidden_size], or [2N, L, hidden_size] with the negative prompt's first, if guided. */
  readonly context: tf.Tensor3D;
  /** int32 or float32 [1] */
  readonly timestep: tf.Tensor1D;
  /** The scheduler's numbers for this step, a row of `coefficientTable`. */
  readonly coefficients: tf.Tensor1D;
  /** s in u + s · (c − u); without effect if not guided. */
  readonly guidanceScale: tf.Scalar;
  /** φ of `rescaleNoiseCfg`; null leaves the guided prediction. */
  readonly guidanceRescale: tf.Scalar | null;
  /** int32 [2]: where the step's noise comes from. */
  readonly key: tf.Tensor1D;
}

/** What one step gives; the caller disposes both. */
export type DenoiseOutput = {
  readonly prevSample: tf.Tensor4D;
  readonly predOriginalSample: tf.Tensor4D;
};

/** The model's output for parts of a batch that are computed side by side. */
function forwardInParts(
  unet: UNet2DConditionModel,
  input: tf.Tensor4D,
  timestep: tf.Tensor1D,
  context: tf.Tensor3D,
): tf.Tensor4D {
  const sizes = partSizes(input.shape[0]);
  if (sizes.length === 1) return unet.forward(input, tf.tile(timestep, sizes), context);
  const contexts = tf.split(context, sizes, 0) as tf.Tensor3D[];
  const outputs = (tf.split(input, sizes, 0) as tf.Tensor4D[]).map((part, i) => {
    return unet.forward(part, tf.tile(timestep, [sizes[i]!]), contexts[i]!);
  });
  return tf.concat(outputs);
}

/**
 * The guided prediction: both halves in one batch, u + s · (c − u) (Ho & Salimans 2022, "Classifier-free
 * diffusion guidance", with s = 1 + w).
 */
function predictNoise(
  unet: UNet2DConditionModel,
  input: tf.Tensor4D,
  { context, timestep, guidanceScale, guidanceRescale }: DenoiseInputs,
): tf.Tensor {
  if (context.shape[0] === input.shape[0]) return forwardInParts(unet, input, timestep, context);
  const both = forwardInParts(unet, tf.concat([input, input]), timestep, context);
  const [uncond, cond] = tf.split(both, 2) as [tf.Tensor, tf.Tensor];
  const guided = tf.add(uncond, tf.mul(tf.sub(cond, uncond), guidanceScale));
  return guidanceRescale ? rescaleNoiseCfg(guided, cond, guidanceRescale) : guided;
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

/**
 * One denoising step as one TensorFlow graph: prediction, guidance, noise and the scheduler's step. What
 * changes from step to step goes in as tensors, so that all steps of a shape share the graph.
 */
export function makeDenoiseStep(
  unet: UNet2DConditionModel,
  scheduler: Scheduler,
): ((inputs: DenoiseInputs) => DenoiseOutput) & JitControl {
  const denoise = (inputs: DenoiseInputs): DenoiseOutput =>
    tf.tidy(() => {
      const { sample, previousOriginal, coefficients, key } = inputs;
      const modelOutput = predictNoise(unet, sample, inputs);
      const noise = randn<tf.Rank.R4>(sample.shape, key);
      const step = scheduler.stepWithCoefficients(
        { modelOutput, sample, noise, previousOriginal },
        unpackCoefficients(coefficients),
      );
      return { ...step } as DenoiseOutput;
    });
  return jit(denoise, { name: 'denoise', intraOpParallelismThreads: threadsOfHalf() });
}
