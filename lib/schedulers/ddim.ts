/**
 * DDIM: jumps along the line from the noisy image to the predicted x0, with as much fresh noise as
 * `eta` says. Without any it is a deterministic map from noise to image that needs few steps.
 *
 * Song et al. 2021, "Denoising diffusion implicit models", equations 12 and 16; options and numbers as
 * in diffusers' schedulers/scheduling_ddim.py.
 */
import type { tf } from '../backend';
import { noiseSchedule } from './betas';
import {
  bool,
  boundsOf,
  configKeys,
  noiseScheduleRules,
  numberBetween,
  resolveConfig,
  scheduleConflicts,
  type ConfigRules,
  type NoiseScheduleConfig,
} from './config';
import { addNoise, getVelocity } from './forward-process';
import { noiseForm, originalSampleForm } from './prediction';
import {
  linearStep,
  timestepIndex,
  type Scheduler,
  type SchedulerStep,
  type StepCoefficients,
  type StepInputs,
} from './scheduler';
import { allTimesteps, inferenceTimesteps } from './timesteps';

export interface DDIMSchedulerConfig extends NoiseScheduleConfig {
  /** Whether the predicted x0 is clipped. */
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
  /** Whether the last step ends in a noiseless image (ᾱ = 1), or at ᾱ of time step 0. */
  readonly set_alpha_to_one: boolean;
}

/** What diffusers takes as arguments of `step`; not part of the config. */
export interface DDIMOptions {
  /** Fresh noise per step: 0 none, 1 as much as DDPM. */
  readonly eta?: number;
  /** Whether the noise is derived again from x0 after it was clipped. */
  readonly useClippedModelOutput?: boolean;
}

const rules: ConfigRules<DDIMSchedulerConfig> = {
  ...noiseScheduleRules,
  clip_sample: bool(true),
  clip_sample_range: numberBetween(1, 0, Infinity),
  set_alpha_to_one: bool(true),
};

const f32 = Math.fround;

export class DDIMScheduler implements Scheduler {
  readonly config: Readonly<DDIMSchedulerConfig>;
  readonly options: Required<DDIMOptions>;
  readonly betas: Float32Array;
  readonly alphasCumprod: Float32Array;
  readonly initNoiseSigma = 1;
  timesteps: Int32Array;

  /**
   * @param config keys and defaults of diffusers' DDIMScheduler
   * @throws Error that names all unknown and unsupported keys, or if eta is not in [0, 1]
   */
  constructor(
    config: Partial<DDIMSchedulerConfig> = {},
    { eta = 0, useClippedModelOutput = false }: DDIMOptions = {},
  ) {
    if (!(eta >= 0 && eta <= 1)) {
      throw new Error(`DDIMScheduler: expected eta in [0, 1], got ${eta}.`);
    }
    this.options = { eta, useClippedModelOutput };
    this.config = resolveConfig('DDIMScheduler', rules, { ...config }, scheduleConflicts);
    ({ betas: this.betas, alphasCumprod: this.alphasCumprod } = noiseSchedule(this.config));
    this.timesteps = allTimesteps(this.config.num_train_timesteps);
  }

  /** From the object of a scheduler_config.json. */
  static fromConfig(json: unknown, options?: DDIMOptions): DDIMScheduler {
    return new DDIMScheduler(configKeys('DDIMScheduler', json), options);
  }

  toJSON(): Record<string, unknown> {
    return { _class_name: 'DDIMScheduler', ...this.config };
  }

  /** @param numInferenceSteps 1…num_train_timesteps */
  setTimesteps(numInferenceSteps: number): void {
    const { timestep_spacing, num_train_timesteps, steps_offset } = this.config;
    this.timesteps = inferenceTimesteps(
      timestep_spacing,
      num_train_timesteps,
      numInferenceSteps,
      steps_offset,
    );
  }

  /** The sample itself: the model takes it unscaled. The caller disposes it. */
  scaleModelInput(sample: tf.Tensor, _timestep: number): tf.Tensor {
    return sample.clone();
  }

  /** The samples' noisy versions at int32 [B] time steps; see `addNoise` of forward-process. */
  addNoise<T extends tf.Tensor>(samples: T, noise: tf.Tensor, timesteps: tf.Tensor1D): T {
    return addNoise(this.alphasCumprod, samples, noise, timesteps);
  }

  /** The target of v-prediction; see `getVelocity` of forward-process. */
  getVelocity<T extends tf.Tensor>(samples: T, noise: tf.Tensor, timesteps: tf.Tensor1D): T {
    return getVelocity(this.alphasCumprod, samples, noise, timesteps);
  }

  /** ᾱ that the step from this time step arrives at: one stride down, as in diffusers. */
  private alphaBarAfter(timestep: number): number {
    timestepIndex(this.timesteps, timestep);
    const { num_train_timesteps, set_alpha_to_one } = this.config;
    const previous = timestep - Math.floor(num_train_timesteps / this.timesteps.length);
    if (previous >= 0) return this.alphasCumprod[previous]!;
    return set_alpha_to_one ? 1 : this.alphasCumprod[0]!;
  }

  stepCoefficients(timestep: number): StepCoefficients {
    const alphaBarPrev = this.alphaBarAfter(timestep);
    const alphaBar = this.alphasCumprod[timestep]!;
    const betaBar = f32(1 - alphaBar);
    const betaBarPrev = f32(1 - alphaBarPrev);
    const [alpha, sigma] = [f32(Math.sqrt(alphaBar)), f32(Math.sqrt(betaBar))];
    const variance = f32(f32(betaBarPrev / betaBar) * f32(1 - f32(alphaBar / alphaBarPrev)));
    const std = f32(this.options.eta * f32(Math.sqrt(variance)));
    const direction = f32(Math.sqrt(Math.max(0, f32(betaBarPrev - f32(std * std)))));
    const x0 = originalSampleForm(this.config.prediction_type, alpha, sigma);
    const noise = noiseForm(this.config.prediction_type, alpha, sigma);
    const common = {
      x0FromSample: x0.sample,
      x0FromOutput: x0.output,
      previousOriginal: 0,
      noise: std,
    };
    const alphaPrev = f32(Math.sqrt(alphaBarPrev));
    if (this.options.useClippedModelOutput) {
      // ε = (x − √ᾱ · x0) / √(1−ᾱ)
      const scaled = direction / sigma;
      return { ...common, original: alphaPrev - scaled * alpha, sample: scaled, output: 0 };
    }
    const [sample, output] = [direction * noise.sample, direction * noise.output];
    return { ...common, original: alphaPrev, sample, output };
  }

  get bounds() {
    return boundsOf(this.config);
  }

  stepWithCoefficients(
    inputs: StepInputs,
    coefficients: StepCoefficients<number | tf.Scalar>,
  ): SchedulerStep {
    return linearStep(inputs, coefficients, boundsOf(this.config));
  }

  step(
    modelOutput: tf.Tensor,
    timestep: number,
    sample: tf.Tensor,
    noise: tf.Tensor | null = null,
  ): SchedulerStep {
    const inputs = { modelOutput, sample, noise };
    return this.stepWithCoefficients(inputs, this.stepCoefficients(timestep));
  }
}
