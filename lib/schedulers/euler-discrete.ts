/**
 * Euler's method for the probability-flow equation in σ: a straight step along the present direction.
 *
 * Karras et al. 2022, "Elucidating the design space of diffusion-based generative models", algorithm 2 without
 * churn; options and numbers as in diffusers' schedulers/scheduling_euler_discrete.py. The image is
 * held as the model takes it, not times √(σ² + 1) as there (see sigmas.ts).
 */
import type { tf } from '../backend';
import {
  configKeys,
  noiseScheduleRules,
  oneOf,
  only,
  resolveConfig,
  scheduleConflicts,
  withoutThresholding,
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
import { firstNoise, levelOf, sigmaSampling, sigmaSchedule } from './sigmas';
import { allTimesteps, TIMESTEP_SPACINGS } from './timesteps';

export interface EulerDiscreteSchedulerConfig extends NoiseScheduleConfig {
  readonly interpolation_type: 'linear';
  readonly use_karras_sigmas: false;
  readonly use_exponential_sigmas: false;
  readonly use_beta_sigmas: false;
  readonly sigma_min: null;
  readonly sigma_max: null;
  readonly timestep_type: 'discrete';
  /** The noise that is left at the end: none, or that of time step 0. */
  readonly final_sigmas_type: 'zero' | 'sigma_min';
}

const rules: ConfigRules<EulerDiscreteSchedulerConfig> = {
  ...noiseScheduleRules,
  ...withoutThresholding,
  timestep_spacing: oneOf(TIMESTEP_SPACINGS, 'linspace'),
  interpolation_type: only('linear'),
  use_karras_sigmas: only(false),
  use_exponential_sigmas: only(false),
  use_beta_sigmas: only(false),
  sigma_min: only(null),
  sigma_max: only(null),
  timestep_type: only('discrete'),
  final_sigmas_type: oneOf(['zero', 'sigma_min'], 'zero'),
};

export class EulerDiscreteScheduler implements Scheduler {
  readonly config: Readonly<EulerDiscreteSchedulerConfig>;
  readonly betas: Float32Array;
  readonly alphasCumprod: Float32Array;
  timesteps: Float32Array;
  private sigmas: Float32Array = new Float32Array(0);

  /**
   * @param config keys and defaults of diffusers' EulerDiscreteScheduler
   * @throws Error that names all unknown and unsupported keys
   */
  constructor(config: Partial<EulerDiscreteSchedulerConfig> = {}) {
    const given = { ...config };
    this.config = resolveConfig('EulerDiscreteScheduler', rules, given, scheduleConflicts);
    ({ betas: this.betas, alphasCumprod: this.alphasCumprod } = sigmaSchedule(this.config));
    this.timesteps = Float32Array.from(allTimesteps(this.config.num_train_timesteps));
    this.setTimesteps(this.config.num_train_timesteps);
  }

  get initNoiseSigma(): number {
    return firstNoise(this.config.timestep_spacing, this.sigmas);
  }

  /** From the object of a scheduler_config.json. */
  static fromConfig(json: unknown): EulerDiscreteScheduler {
    return new EulerDiscreteScheduler(configKeys('EulerDiscreteScheduler', json));
  }

  toJSON(): Record<string, unknown> {
    return { _class_name: 'EulerDiscreteScheduler', ...this.config };
  }

  /** @param numInferenceSteps 1…num_train_timesteps */
  setTimesteps(numInferenceSteps: number): void {
    const { timestep_spacing, steps_offset, final_sigmas_type } = this.config;
    ({ timesteps: this.timesteps, sigmas: this.sigmas } = sigmaSampling(
      this.alphasCumprod,
      timestep_spacing,
      numInferenceSteps,
      steps_offset,
      final_sigmas_type,
    ));
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

  stepCoefficients(timestep: number): StepCoefficients {
    const index = timestepIndex(this.timesteps, timestep);
    return eulerStep(this.config.prediction_type, this.sigmas[index]!, this.sigmas[index + 1]!);
  }

  get bounds() {
    return null;
  }

  stepWithCoefficients(
    inputs: StepInputs,
    coefficients: StepCoefficients<number | tf.Scalar>,
  ): SchedulerStep {
    return linearStep(inputs, coefficients, null);
  }

  step(modelOutput: tf.Tensor, timestep: number, sample: tf.Tensor): SchedulerStep {
    return this.stepWithCoefficients({ modelOutput, sample }, this.stepCoefficients(timestep));
  }
}

/** x0 + σ'/σ · (x − x0), where x = x0 + σ·ε is the image times √(σ² + 1). */
export function eulerStep(
  prediction: NoiseScheduleConfig['prediction_type'],
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
