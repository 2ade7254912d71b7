/** The keys that all schedulers share, named and with the defaults as in diffusers' scheduler_config.json. */
import { BETA_SCHEDULES, type BetaSchedule } from './betas';
import { bool, integer, numberBetween, oneOf, only, type ConfigRules } from './config-rules';
import { PREDICTION_TYPES, type PredictionType } from './prediction';
import type { Bounds } from './thresholding';
import { TIMESTEP_SPACINGS, type TimestepSpacing } from './timesteps';

/** What a model is trained with; a sampler of it has to be made with the same. */
export interface TrainingConfig {
  /** Steps of the forward process that the model is trained on. */
  readonly num_train_timesteps: number;
  /** First beta of `linear` and `scaled_linear`. */
  readonly beta_start: number;
  /** Last beta of `linear` and `scaled_linear`. */
  readonly beta_end: number;
  readonly beta_schedule: BetaSchedule;
  readonly trained_betas: null;
  /** What the model predicts: the noise, the velocity or the image. */
  readonly prediction_type: PredictionType;
  /** Moves the schedule so that its last step is pure noise; not with epsilon prediction. */
  readonly rescale_betas_zero_snr: boolean;
}

/** The keys that all schedulers share. */
export interface NoiseScheduleConfig extends TrainingConfig {
  /** Dynamic thresholding of the predicted x0 instead of clipping; see thresholding.ts. */
  readonly thresholding: boolean;
  /** The quantile of an image's absolute values that it is clipped to, in (0, 1]. */
  readonly dynamic_thresholding_ratio: number;
  /** The most that it may be clipped to, ≥ 1. */
  readonly sample_max_value: number;
  readonly timestep_spacing: TimestepSpacing;
  /** Added to the time steps of `leading`. */
  readonly steps_offset: number;
}

/** The keys of `TrainingConfig`. */
export const TRAINING_KEYS = [
  'num_train_timesteps',
  'beta_start',
  'beta_end',
  'beta_schedule',
  'trained_betas',
  'prediction_type',
  'rescale_betas_zero_snr',
] as const satisfies readonly (keyof TrainingConfig)[];

export const noiseScheduleRules: ConfigRules<NoiseScheduleConfig> = {
  num_train_timesteps: integer(1000, 1),
  beta_start: numberBetween(0.0001, 0, 1),
  beta_end: numberBetween(0.02, 0, 1),
  beta_schedule: oneOf(BETA_SCHEDULES, 'linear'),
  trained_betas: only(null),
  prediction_type: oneOf(PREDICTION_TYPES, 'epsilon'),
  thresholding: bool(false),
  dynamic_thresholding_ratio: {
    default: 0.995,
    expects: 'a number in (0, 1]',
    accepts: (v) => typeof v === 'number' && v > 0 && v <= 1,
  },
  sample_max_value: {
    default: 1,
    expects: 'a number ≥ 1',
    accepts: (v) => typeof v === 'number' && v >= 1 && v < Infinity,
  },
  timestep_spacing: oneOf(TIMESTEP_SPACINGS, 'leading'),
  steps_offset: integer(0, 0),
  rescale_betas_zero_snr: bool(false),
};

/** For the schedulers that have no dynamic thresholding in diffusers either. */
export const withoutThresholding = {
  thresholding: { ...only<boolean>(false), isOthers: true },
  dynamic_thresholding_ratio: { ...only<number>(0.995), isOthers: true },
  sample_max_value: { ...only<number>(1), isOthers: true },
};

/** How far the predicted x0 may go, by the config. */
export function boundsOf(
  config: NoiseScheduleConfig & {
    readonly clip_sample?: boolean;
    readonly clip_sample_range?: number;
  },
): Bounds | null {
  const { thresholding, dynamic_thresholding_ratio: ratio, sample_max_value: max } = config;
  if (thresholding) return { ratio, max };
  return config.clip_sample ? (config.clip_sample_range ?? 1) : null;
}

/** At ᾱ = 0 the noisy image holds no image, so the noise in it says nothing about one. */
export function scheduleConflicts(config: TrainingConfig): string[] {
  return config.rescale_betas_zero_snr && config.prediction_type === 'epsilon'
    ? ["rescale_betas_zero_snr: expected false with prediction_type 'epsilon', got true"]
    : [];
}

/** The keys that all schedulers share, for another sampler over the schedule a model was trained with. */
export function sharedConfig(config: NoiseScheduleConfig): NoiseScheduleConfig {
  const shared = Object.entries(config).filter(([key]) => Object.hasOwn(noiseScheduleRules, key));
  return Object.fromEntries(shared) as unknown as NoiseScheduleConfig;
}
