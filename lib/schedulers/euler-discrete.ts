/**
 * Euler's method for the probability-flow equation in σ: a straight step along the present direction.
 *
 * Karras et al. 2022, "Elucidating the design space of diffusion-based generative models", algorithm 2 without
 * churn; options and numbers as in diffusers' schedulers/scheduling_euler_discrete.py. The image is
 * held as the model takes it, not times √(σ² + 1) as there (see sigmas.ts).
 */
import { BaseScheduler, type SchedulerKind } from './base-scheduler';
import {
  noiseScheduleRules,
  scheduleConflicts,
  withoutThresholding,
  type NoiseScheduleConfig,
} from './config';
import { oneOf, only } from './config-rules';
import { configFrom } from './from-config';
import type { NoiseLevel, StepCoefficients } from './scheduler';
import {
  eulerStep,
  firstNoise,
  levelOf,
  sigmasAt,
  sigmaSampling,
  type SigmaSampling,
} from './sigmas';
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

const kind: SchedulerKind<EulerDiscreteSchedulerConfig> = {
  className: 'EulerDiscreteScheduler',
  rules: {
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
  },
  conflicts: scheduleConflicts,
  hasFiniteSigmas: true,
};

export class EulerDiscreteScheduler extends BaseScheduler<EulerDiscreteSchedulerConfig> {
  private sampling: SigmaSampling = sigmasAt(
    this.alphasCumprod,
    Float32Array.from(allTimesteps(this.config.num_train_timesteps)),
    this.config.final_sigmas_type,
  );

  /**
   * @param config keys and defaults of diffusers' EulerDiscreteScheduler
   * @throws Error that names all unknown and unsupported keys
   */
  constructor(config: Partial<EulerDiscreteSchedulerConfig> = {}) {
    super(kind, config);
  }

  /** From a scheduler_config.json or any scheduler's config; see `configFrom` for the keys of others. */
  static fromConfig(
    json: unknown,
    changes: Partial<EulerDiscreteSchedulerConfig> = {},
  ): EulerDiscreteScheduler {
    return new EulerDiscreteScheduler(configFrom(kind, json, changes));
  }

  get timesteps(): Float32Array {
    return this.sampling.timesteps;
  }

  /** The noise level σ at each time step, and the one that is left at the end. */
  get sigmas(): Float32Array {
    return this.sampling.sigmas;
  }

  override get initNoiseSigma(): number {
    return firstNoise(this.config.timestep_spacing, this.sigmas);
  }

  /** @param numInferenceSteps 1…num_train_timesteps */
  setTimesteps(numInferenceSteps: number): void {
    const { alphasCumprod, config } = this;
    const end = config.final_sigmas_type;
    this.sampling = sigmaSampling(alphasCumprod, config, numInferenceSteps, end);
  }

  /** As the sample is held here, (x0 + σ·ε) / √(σ² + 1). */
  override levelAt(index: number): NoiseLevel {
    return index < this.timesteps.length
      ? levelOf(this.sigmas[index]!)
      : levelOf(this.sigmas.at(-1)!);
  }

  protected coefficientsAt(index: number): StepCoefficients {
    return eulerStep(this.config.prediction_type, this.sigmas[index]!, this.sigmas[index + 1]!);
  }
}
