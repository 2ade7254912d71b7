/**
 * Heun's method for the probability-flow equation in σ: an Euler step, a second look from where it led, and
 * the mean of both directions. Two evaluations of the model for a step, but for the last.
 *
 * Karras et al. 2022, "Elucidating the design space of diffusion-based generative models", algorithm 1; options
 * and numbers as in diffusers' schedulers/scheduling_heun_discrete.py. The image is held as the model
 * takes it, not times √(σ² + 1) as there (see sigmas.ts). No state is kept between the two looks: the
 * corrected image is the Euler step's plus (1 − r) / 2r · (second x0 − first x0), r = σ'/σ.
 */
import type { tf } from '../backend';
import {
  bool,
  configKeys,
  noiseScheduleRules,
  numberBetween,
  oneOf,
  only,
  resolveConfig,
  scheduleConflicts,
  withoutThresholding,
  type ConfigRules,
  type NoiseScheduleConfig,
} from './config';
import { eulerStep } from './euler-discrete';
import { addNoise, getVelocity } from './forward-process';
import { originalSampleForm } from './prediction';
import {
  linearStep,
  type Scheduler,
  type SchedulerStep,
  type StepCoefficients,
  type StepInputs,
} from './scheduler';
import { firstNoise, levelOf, sigmaSampling, sigmaSchedule } from './sigmas';
import { TIMESTEP_SPACINGS } from './timesteps';

export interface HeunDiscreteSchedulerConfig extends NoiseScheduleConfig {
  readonly use_karras_sigmas: false;
  readonly use_exponential_sigmas: false;
  readonly use_beta_sigmas: false;
  /** Whether the predicted x0 is clipped. */
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
}

const rules: ConfigRules<HeunDiscreteSchedulerConfig> = {
  ...noiseScheduleRules,
  ...withoutThresholding,
  beta_start: numberBetween(0.00085, 0, 1),
  beta_end: numberBetween(0.012, 0, 1),
  timestep_spacing: oneOf(TIMESTEP_SPACINGS, 'linspace'),
  use_karras_sigmas: only(false),
  use_exponential_sigmas: only(false),
  use_beta_sigmas: only(false),
  clip_sample: bool(false),
  clip_sample_range: numberBetween(1, 0, Infinity),
};

export class HeunDiscreteScheduler implements Scheduler {
  readonly config: Readonly<HeunDiscreteSchedulerConfig>;
  readonly betas: Float32Array;
  readonly alphasCumprod: Float32Array;
  /** Each but the first twice: one for the second look of a step, one for the next step. */
  timesteps: Float32Array = new Float32Array(0);
  private sigmas: Float32Array = new Float32Array(0);

  /**
   * @param config keys and defaults of diffusers' HeunDiscreteScheduler, and rescale_betas_zero_snr
   * @throws Error that names all unknown and unsupported keys
   */
  constructor(config: Partial<HeunDiscreteSchedulerConfig> = {}) {
    const given = { ...config };
    this.config = resolveConfig('HeunDiscreteScheduler', rules, given, scheduleConflicts);
    ({ betas: this.betas, alphasCumprod: this.alphasCumprod } = sigmaSchedule(this.config));
    this.setTimesteps(this.config.num_train_timesteps);
  }

  get initNoiseSigma(): number {
    return firstNoise(this.config.timestep_spacing, this.sigmas);
  }

  /** From the object of a scheduler_config.json. */
  static fromConfig(json: unknown): HeunDiscreteScheduler {
    return new HeunDiscreteScheduler(configKeys('HeunDiscreteScheduler', json));
  }

  toJSON(): Record<string, unknown> {
    return { _class_name: 'HeunDiscreteScheduler', ...this.config };
  }

  /** @param numInferenceSteps 1…num_train_timesteps; the model is asked 2 · numInferenceSteps − 1 times */
  setTimesteps(numInferenceSteps: number): void {
    const { timestep_spacing, steps_offset } = this.config;
    const sampling = sigmaSampling(
      this.alphasCumprod,
      timestep_spacing,
      numInferenceSteps,
      steps_offset,
      'zero',
    );
    this.sigmas = sampling.sigmas;
    this.timesteps = Float32Array.from(
      [...sampling.timesteps].flatMap((t, i) => (i === 0 ? [t] : [t, t])),
    );
  }

  /** The sample itself: it is held as the model takes it. The caller disposes it. */
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

  stepCoefficientsAt(index: number): StepCoefficients {
    const type = this.config.prediction_type;
    const first = Math.floor(index / 2);
    if (!(index >= 0 && index < this.timesteps.length)) {
      throw new Error(
        `Expected a position from 0 to ${this.timesteps.length - 1} of this sampling, got ${index}.`,
      );
    }
    const [sigma, next] = [this.sigmas[first]!, this.sigmas[first + 1]!];
    if (index % 2 === 0) return eulerStep(type, sigma, next);
    const now = levelOf(next);
    const x0 = originalSampleForm(type, now.alpha, now.sigma);
    const ratio = next / sigma;
    const correction = (now.alpha * (1 - ratio)) / (2 * ratio);
    return {
      x0FromSample: x0.sample,
      x0FromOutput: x0.output,
      original: correction,
      sample: 1,
      output: 0,
      previousOriginal: -correction,
      noise: 0,
    };
  }

  /** @throws Error: a time step does not say which of both looks it is */
  stepCoefficients(_timestep: number): never {
    throw new Error(
      'HeunDiscreteScheduler visits time steps twice. Use stepCoefficientsAt(index) with the position ' +
        'in timesteps, and stepWithCoefficients.',
    );
  }

  get bounds() {
    return null;
  }

  stepWithCoefficients(
    inputs: StepInputs,
    coefficients: StepCoefficients<number | tf.Scalar>,
  ): SchedulerStep {
    const { clip_sample, clip_sample_range } = this.config;
    return linearStep(inputs, coefficients, clip_sample ? clip_sample_range : null);
  }

  /** @throws Error as `stepCoefficients` */
  step(_modelOutput: tf.Tensor, timestep: number): never {
    return this.stepCoefficients(timestep);
  }
}
