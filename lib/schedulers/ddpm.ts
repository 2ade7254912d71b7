/**
 * DDPM: each step goes to the mean of q(x_{t−1} | x_t, x0) for the predicted x0, plus fresh noise.
 *
 * Ho et al. 2020, "Denoising diffusion probabilistic models", equations 4, 7 and 15; options and
 * numbers as in diffusers' schedulers/scheduling_ddpm.py.
 */
import { BaseScheduler, type SchedulerKind } from './base-scheduler';
import { noiseScheduleRules, scheduleConflicts, type NoiseScheduleConfig } from './config';
import { bool, numberBetween, oneOf } from './config-rules';
import { configFrom } from './from-config';
import { originalSampleForm } from './prediction';
import type { StepCoefficients } from './scheduler';
import { allTimesteps, timestepsOf } from './timesteps';

export interface DDPMSchedulerConfig extends NoiseScheduleConfig {
  /** Variance of the noise that a step adds: of the posterior (small) or of the forward step (large). */
  readonly variance_type: 'fixed_small' | 'fixed_large';
  /** Whether the predicted x0 is clipped. */
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
}

const kind: SchedulerKind<DDPMSchedulerConfig> = {
  className: 'DDPMScheduler',
  rules: {
    ...noiseScheduleRules,
    variance_type: {
      ...oneOf(['fixed_small', 'fixed_large'], 'fixed_small'),
      // DPM-Solver++ holds null for "the model does not predict it".
      meanings: new Map([[null, 'fixed_small']]),
    },
    clip_sample: bool(true),
    clip_sample_range: numberBetween(1, 0, Infinity),
  },
  conflicts: scheduleConflicts,
};

const f32 = Math.fround;

export class DDPMScheduler extends BaseScheduler<DDPMSchedulerConfig> {
  timesteps = allTimesteps(this.config.num_train_timesteps);

  /**
   * @param config keys and defaults of diffusers' DDPMScheduler
   * @throws Error that names all unknown and unsupported keys
   */
  constructor(config: Partial<DDPMSchedulerConfig> = {}) {
    super(kind, config);
  }

  /** From a scheduler_config.json or any scheduler's config; see `configFrom` for the keys of others. */
  static fromConfig(json: unknown, changes: Partial<DDPMSchedulerConfig> = {}): DDPMScheduler {
    return new DDPMScheduler(configFrom(kind, json, changes));
  }

  /** @param numInferenceSteps 1…num_train_timesteps */
  setTimesteps(numInferenceSteps: number): void {
    this.timesteps = timestepsOf(this.config, numInferenceSteps);
  }

  protected coefficientsAt(index: number): StepCoefficients {
    const [timestep, next] = [this.timesteps[index]!, this.timesteps[index + 1]];
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
}
