/**
 * What Euler's and Heun's methods share: the noise levels σ = √((1−ᾱ)/ᾱ) that a sampling visits, at time steps
 * that may lie between those of the training. diffusers holds the image as x0 + σ·ε for these methods and
 * scales it down for the model; here it stays as the model takes it, (x0 + σ·ε) / √(σ² + 1), as for
 * all other schedulers: the same numbers but for that factor.
 */
import { noiseSchedule } from './betas';
import type { NoiseScheduleConfig } from './config';
import { inferenceTimesteps, type TimestepSpacing } from './timesteps';

const f32 = Math.fround;

/** √ᾱ and √(1−ᾱ) at the noise level σ. */
export function levelOf(sigma: number): { readonly alpha: number; readonly sigma: number } {
  const alpha = 1 / Math.sqrt(sigma * sigma + 1);
  return { alpha, sigma: sigma * alpha };
}

/** The training's noise schedule, with σ finite everywhere. */
export function sigmaSchedule(config: NoiseScheduleConfig): ReturnType<typeof noiseSchedule> {
  const schedule = noiseSchedule(config);
  // σ would be infinite where nothing of the image is left: as near to it as diffusers goes.
  if (config.rescale_betas_zero_snr) schedule.alphasCumprod[schedule.betas.length - 1] = 2 ** -24;
  return schedule;
}

/** The first sample's noise: that of the first step's level, or all noise with `leading`, as in diffusers. */
export function firstNoise(spacing: TimestepSpacing, sigmas: Float32Array): number {
  return spacing === 'leading' ? 1 : levelOf(sigmas[0]!).sigma;
}

export interface SigmaSampling {
  /** From the noisiest down; whole numbers but for `linspace`. */
  readonly timesteps: Float32Array;
  /** The noise level at each, and the last, which is the end. */
  readonly sigmas: Float32Array;
}

/** σ of each training step, float32. */
function trainingSigmas(alphasCumprod: Float32Array): Float32Array {
  return alphasCumprod.map((alphaBar) => Math.sqrt(f32(f32(1 - alphaBar) / alphaBar)));
}

/**
 * The sampling that diffusers' Euler and Heun make of a spacing.
 *
 * @param end the noise level after the last step
 * @throws Error as `inferenceTimesteps`
 */
export function sigmaSampling(
  alphasCumprod: Float32Array,
  spacing: TimestepSpacing,
  numInferenceSteps: number,
  stepsOffset: number,
  end: 'zero' | 'sigma_min',
): SigmaSampling {
  const count = alphasCumprod.length;
  const whole = inferenceTimesteps(spacing, count, numInferenceSteps, stepsOffset);
  const n = numInferenceSteps;
  // Not rounded here, unlike for the other schedulers.
  const even = (i: number) => (n === 1 ? 0 : (n - 1 - i) * ((count - 1) / (n - 1)));
  const timesteps = Float32Array.from(whole, (t, i) => (spacing === 'linspace' ? even(i) : t));
  const table = trainingSigmas(alphasCumprod);
  const sigmas = new Float32Array(n + 1);
  timesteps.forEach((t, i) => {
    const below = Math.min(Math.floor(t), count - 1);
    const above = Math.min(below + 1, count - 1);
    sigmas[i] = table[below]! + (t - below) * (table[above]! - table[below]!);
  });
  sigmas[n] = end === 'zero' ? 0 : table[0]!;
  return { timesteps, sigmas };
}
