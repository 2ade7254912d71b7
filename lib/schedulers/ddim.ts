/**
 * DDIM: jumps along the line from the noisy image to the predicted x0, with as much fresh noise as
 * `eta` says. Without any it is a deterministic map from noise to image that needs few steps.
 *
 * Song et al. 2021, "Denoising diffusion implicit models", equations 12 and 16; options and numbers as
 * in diffusers' schedulers/scheduling_ddim.py.
 */
import { BaseScheduler, type SchedulerKind } from './base-scheduler';
import { noiseScheduleRules, scheduleConflicts, type NoiseScheduleConfig } from './config';
import { bool, numberBetween } from './config-rules';
import { configFrom } from './from-config';
import { noiseForm, originalSampleForm } from './prediction';
import type { StepCoefficients } from './scheduler';
import { allTimesteps, timestepsOf } from './timesteps';

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

const kind: SchedulerKind<DDIMSchedulerConfig> = {
  className: 'DDIMScheduler',
  rules: {
    ...noiseScheduleRules,
    clip_sample: bool(true),
    clip_sample_range: numberBetween(1, 0, Infinity),
    set_alpha_to_one: bool(true),
  },
  conflicts: scheduleConflicts,
};

const f32 = Math.fround;

export class DDIMScheduler extends BaseScheduler<DDIMSchedulerConfig> {
  readonly options: Required<DDIMOptions>;
  timesteps = allTimesteps(this.config.num_train_timesteps);

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
    super(kind, config);
    this.options = { eta, useClippedModelOutput };
  }

  /** From a scheduler_config.json or any scheduler's config; see `configFrom` for the keys of others. */
  static fromConfig(
    json: unknown,
    { eta, useClippedModelOutput, ...changes }: DDIMOptions & Partial<DDIMSchedulerConfig> = {},
  ): DDIMScheduler {
    return new DDIMScheduler(configFrom(kind, json, changes), { eta, useClippedModelOutput });
  }

  /** @param numInferenceSteps 1…num_train_timesteps */
  setTimesteps(numInferenceSteps: number): void {
    this.timesteps = timestepsOf(this.config, numInferenceSteps);
  }

  /** ᾱ that the step from this time step arrives at: one stride down, as in diffusers. */
  private alphaBarAfter(timestep: number): number {
    const { num_train_timesteps, set_alpha_to_one } = this.config;
    const previous = timestep - Math.floor(num_train_timesteps / this.timesteps.length);
    if (previous >= 0) return this.alphasCumprod[previous]!;
    return set_alpha_to_one ? 1 : this.alphasCumprod[0]!;
  }

  protected coefficientsAt(index: number): StepCoefficients {
    const timestep = this.timesteps[index]!;
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
}
