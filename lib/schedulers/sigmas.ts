/**
 * What Euler's and Heun's methods share: the noise levels σ = √((1−ᾱ)/ᾱ) that a sampling visits, at time steps
 * that may lie between those of the training. diffusers holds the image as x0 + σ·ε for these methods and
 * scales it down for the model; here it stays as the model takes it, (x0 + σ·ε) / √(σ² + 1), as for
 * all other schedulers: the same numbers but for that factor.
 */
import { originalSampleForm, type PredictionType } from './prediction';
import type { StepCoefficients } from './scheduler';
import {
  checkNumInferenceSteps,
  spacedTimesteps,
  wholeTimesteps,
  type SpacingConfig,
  type TimestepSpacing,
} from './timesteps';

const f32 = Math.fround;

/** √ᾱ and √(1−ᾱ) at the noise level σ. */
export function levelOf(sigma: number): { readonly alpha: number; readonly sigma: number } {
  const alpha = 1 / Math.sqrt(sigma * sigma + 1);
  return { alpha, sigma: sigma * alpha };
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

/** The noise levels at time steps between those of the training; beyond the last one, its own, as numpy.interp. */
export function sigmasAt(
  alphasCumprod: Float32Array,
  timesteps: Float32Array,
  end: 'zero' | 'sigma_min',
): SigmaSampling {
  const table = trainingSigmas(alphasCumprod);
  const last = table.length - 1;
  const sigmas = new Float32Array(timesteps.length + 1);
  timesteps.forEach((t, i) => {
    const below = Math.min(Math.floor(t), last);
    const above = Math.min(below + 1, last);
    sigmas[i] = table[below]! + (t - below) * (table[above]! - table[below]!);
  });
  sigmas[timesteps.length] = end === 'zero' ? 0 : table[0]!;
  return { timesteps, sigmas };
}

/**
 * The sampling that diffusers' Euler and Heun make of a spacing. As there, `steps_offset` may move the first
 * of many steps beyond the training's last.
 *
 * @param numInferenceSteps 1…num_train_timesteps
 * @param end the noise level after the last step
 * @throws Error if the number of steps is out of range
 */
export function sigmaSampling(
  alphasCumprod: Float32Array,
  { timestep_spacing, num_train_timesteps, steps_offset }: SpacingConfig,
  numInferenceSteps: number,
  end: 'zero' | 'sigma_min',
): SigmaSampling {
  checkNumInferenceSteps(numInferenceSteps, num_train_timesteps);
  const spaced = spacedTimesteps(
    timestep_spacing,
    num_train_timesteps,
    numInferenceSteps,
    steps_offset,
  );
  // `linspace` is not rounded here, unlike for the other schedulers.
  const timesteps = timestep_spacing === 'linspace' ? spaced : wholeTimesteps(spaced);
  return sigmasAt(alphasCumprod, Float32Array.from(timesteps), end);
}

/** Euler's step: x0 + σ'/σ · (x − x0), where x = x0 + σ·ε is the image times √(σ² + 1). */
export function eulerStep(
  prediction: PredictionType,
  sigma: number,
  next: number,
): StepCoefficients {
  const [now, after] = [levelOf(sigma), levelOf(next)];
  const x0 = originalSampleForm(prediction, now.alpha, now.sigma);
  const keep = after.sigma / now.sigma;
  return {
    x0FromSample: x0.sample,
    x0FromOutput: x0.output,
    original: after.alpha - keep * now.alpha,
    sample: keep,
    output: 0,
    previousOriginal: 0,
    noise: 0,
  };
}
