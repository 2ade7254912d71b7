/**
 * DDPM: each step goes to the mean of q(x_{t−1} | x_t, x0) for the predicted x0, plus fresh noise.
 *
 * Ho et al. 2020, "Denoising diffusion probabilistic models", equations 4, 7 and 15; options and
 * numbers as in diffusers' schedulers/scheduling_ddpm.py.
 */
import type { tf } from '../backend';
import { noiseSchedule } from './betas';
import {
  bool,
  boundsOf,
  configKeys,
  noiseScheduleRules,
  numberBetween,
  oneOf,
  resolveConfig,
  scheduleConflicts,
  type ConfigRules,
  type NoiseScheduleConfig,
} from './config';
import { addNoise, getVelocity } from './forward-process';
import { originalSampleForm } from './prediction';
import {
  linearStep,
  timestepIndex,
  type Scheduler,
  type SchedulerStep,
  type StepCoefficients,
  type StepInputs,
} from './scheduler';
import { allTimesteps, inferenceTimesteps } from './timesteps';

export interface DDPMSchedulerConfig extends NoiseScheduleConfig {
  /** Variance of the noise that a step adds: of the posterior (small) or of the forward step (large). */
  readonly variance_type: 'fixed_small' | 'fixed_large';
  /** Whether the predicted x0 is clipped. */
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
}

const rules: ConfigRules<DDPMSchedulerConfig> = {
  ...noiseScheduleRules,
  variance_type: oneOf(['fixed_small', 'fixed_large'], 'fixed_small'),
  clip_sample: bool(true),
  clip_sample_range: numberBetween(1, 0, Infinity),
};

const f32 = Math.fround;

export class DDPMScheduler implements Scheduler {
  readonly config: Readonly<DDPMSchedulerConfig>;
  readonly betas: Float32Array;
  readonly alphasCumprod: Float32Array;
  readonly initNoiseSigma = 1;
  timesteps: Int32Array;

  /**
   * @param config keys and defaults of diffusers' DDPMScheduler
   * @throws Error that names all unknown and unsupported keys
   */
  constructor(config: Partial<DDPMSchedulerConfig> = {}) {
    this.config = resolveConfig('DDPMScheduler', rules, { ...config }, scheduleConflicts);
    ({ betas: this.betas, alphasCumprod: this.alphasCumprod } = noiseSchedule(this.config));
    this.timesteps = allTimesteps(this.config.num_train_timesteps);
  }

  /** From the object of a scheduler_config.json. */
  static fromConfig(json: unknown): DDPMScheduler {
    return new DDPMScheduler(configKeys('DDPMScheduler', json));
  }

  toJSON(): Record<string, unknown> {
    return { _class_name: 'DDPMScheduler', ...this.config };
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

  /** The sample itself: DDPM's model takes it unscaled. The caller disposes it. */
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

  stepCoefficients(timestep: number): StepCoefficients {
    const next = this.timesteps[timestepIndex(this.timesteps, timestep) + 1];
    const alphaBar = this.alphasCumprod[timestep]!;
    const alphaBarPrev = next === undefined ? 1 : this.alphasCumprod[next]!;
    // Rounded at every operation, as the reference's float32: 1 − ᾱ cancels near ᾱ = 1.
    const betaBar = f32(1 - alphaBar);
    const betaBarPrev = f32(1 - alphaBarPrev);
    const alpha = f32(alphaBar / alphaBarPrev);
    const beta = f32(1 - alpha);
    const posterior = f32(f32(betaBarPrev / betaBar) * beta);
    const variance = this.config.variance_type === 'fixed_small' ? posterior : beta;
    const x0 = originalSampleForm(
      this.config.prediction_type,
      f32(Math.sqrt(alphaBar)),
      f32(Math.sqrt(betaBar)),
    );
    return {
      x0FromSample: x0.sample,
      x0FromOutput: x0.output,
      original: f32(f32(f32(Math.sqrt(alphaBarPrev)) * beta) / betaBar),
      sample: f32(f32(f32(Math.sqrt(alpha)) * betaBarPrev) / betaBar),
      output: 0,
      previousOriginal: 0,
      noise: timestep > 0 ? f32(Math.sqrt(variance)) : 0,
    };
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
