/**
 * Heun's method for the probability-flow equation in σ: an Euler step, a second look from where it led, and
 * the mean of both directions. Two evaluations of the model for a step, but for the last.
 *
 * Karras et al. 2022, "Elucidating the design space of diffusion-based generative models", algorithm 1; options
 * and numbers as in diffusers' schedulers/scheduling_heun_discrete.py. The image is held as the model
 * takes it, not times √(σ² + 1) as there (see sigmas.ts). Nothing of the first look is kept for the second: the
 * corrected image is the Euler step's plus (1 − r) / 2r · (second x0 − first x0), r = σ'/σ.
 */
import { BaseScheduler, type SchedulerKind } from './base-scheduler';
import {
  noiseScheduleRules,
  scheduleConflicts,
  withoutThresholding,
  type NoiseScheduleConfig,
} from './config';
import { bool, numberBetween, oneOf, only } from './config-rules';
import { configFrom } from './from-config';
import { originalSampleForm } from './prediction';
import type { NoiseLevel, StepCoefficients } from './scheduler';
import { eulerStep, firstNoise, levelOf, sigmaSampling } from './sigmas';
import { TIMESTEP_SPACINGS } from './timesteps';

export interface HeunDiscreteSchedulerConfig extends NoiseScheduleConfig {
  readonly use_karras_sigmas: false;
  readonly use_exponential_sigmas: false;
  readonly use_beta_sigmas: false;
  /** Whether the predicted x0 is clipped. */
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
}

const kind: SchedulerKind<HeunDiscreteSchedulerConfig> = {
  className: 'HeunDiscreteScheduler',
  rules: {
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
  },
  conflicts: scheduleConflicts,
  hasFiniteSigmas: true,
};

export class HeunDiscreteScheduler extends BaseScheduler<HeunDiscreteSchedulerConfig> {
  /** Each but the first twice: one for the second look of a step, one for the next step. */
  timesteps: Float32Array = new Float32Array(0);
  /** The noise level σ at each step's beginning, and 0 at the end. */
  sigmas: Float32Array = new Float32Array(0);

  /**
   * @param config keys and defaults of diffusers' HeunDiscreteScheduler, and rescale_betas_zero_snr
   * @throws Error that names all unknown and unsupported keys
   */
  constructor(config: Partial<HeunDiscreteSchedulerConfig> = {}) {
    super(kind, config);
    this.setTimesteps(this.config.num_train_timesteps);
  }

  /** From a scheduler_config.json or any scheduler's config; see `configFrom` for the keys of others. */
  static fromConfig(
    json: unknown,
    changes: Partial<HeunDiscreteSchedulerConfig> = {},
  ): HeunDiscreteScheduler {
    return new HeunDiscreteScheduler(configFrom(kind, json, changes));
  }

  override get initNoiseSigma(): number {
    return firstNoise(this.config.timestep_spacing, this.sigmas);
  }

  /** @param numInferenceSteps 1…num_train_timesteps; the model is asked 2 · numInferenceSteps − 1 times */
  setTimesteps(numInferenceSteps: number): void {
    const { alphasCumprod, config } = this;
    const sampling = sigmaSampling(alphasCumprod, config, numInferenceSteps, 'zero');
    this.sigmas = sampling.sigmas;
    this.timesteps = Float32Array.from(
      [...sampling.timesteps].flatMap((t, i) => (i === 0 ? [t] : [t, t])),
    );
  }

  /** As the sample is held here, (x0 + σ·ε) / √(σ² + 1); both looks of a step are at its end but for the first. */
  override levelAt(index: number): NoiseLevel {
    return index < this.timesteps.length
      ? levelOf(this.sigmas[Math.ceil(index / 2)]!)
      : levelOf(this.sigmas.at(-1)!);
  }

  protected coefficientsAt(index: number): StepCoefficients {
    const type = this.config.prediction_type;
    const first = Math.floor(index / 2);
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
}
