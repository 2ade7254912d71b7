/**
 * Checked scheduler configs, with the keys and defaults of diffusers' scheduler_config.json. A value
 * is never coerced, and a key that is not understood is never dropped.
 */
import { BETA_SCHEDULES, type BetaSchedule } from './betas';
import { PREDICTION_TYPES, type PredictionType } from './prediction';
import type { Bounds } from './thresholding';
import { TIMESTEP_SPACINGS, type TimestepSpacing } from './timesteps';

/** What a key may hold, and its value when it is not given. */
export interface KeyRule<T> {
  readonly default: T;
  /** Ends the sentence "expected …". */
  readonly expects: string;
  readonly accepts: (value: unknown) => boolean;
}

/** One rule for every key of a config. */
export type ConfigRules<C> = { readonly [K in keyof C]: KeyRule<C[K]> };

export function oneOf<const T extends string>(values: readonly T[], initial: T): KeyRule<T> {
  const expects = values.map((value) => `'${value}'`).join(' | ');
  return { default: initial, expects, accepts: (v) => (values as readonly unknown[]).includes(v) };
}

export function bool(initial: boolean): KeyRule<boolean> {
  return { default: initial, expects: 'true | false', accepts: (v) => typeof v === 'boolean' };
}

export function integer(initial: number, atLeast: number): KeyRule<number> {
  const accepts = (v: unknown) => Number.isInteger(v) && (v as number) >= atLeast;
  return { default: initial, expects: `an integer ≥ ${atLeast}`, accepts };
}

/** A number strictly between the bounds. */
export function numberBetween(initial: number, low: number, high: number): KeyRule<number> {
  const expects = high === Infinity ? `a number > ${low}` : `a number in (${low}, ${high})`;
  const accepts = (v: unknown) => typeof v === 'number' && v > low && v < high;
  return { default: initial, expects, accepts };
}

/** A key of diffusers whose other values are not supported here. */
export function only<T>(value: T): KeyRule<T> {
  const expects = `${show(value)} (nothing else is supported here)`;
  return { default: value, expects, accepts: (v) => v === value };
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return String(value);
}

/**
 * The given keys over the defaults.
 *
 * @param owner the class that the config is for, for the message
 * @param conflicts what is wrong with keys that are each right by themselves
 * @throws Error that names every unknown key and every bad value at once
 */
export function resolveConfig<C extends object>(
  owner: string,
  rules: ConfigRules<C>,
  given: Readonly<Record<string, unknown>>,
  conflicts: (config: C) => string[] = () => [],
): Readonly<C> {
  const known = rules as Readonly<Record<string, KeyRule<unknown>>>;
  const config: Record<string, unknown> = {};
  for (const [key, rule] of Object.entries(known)) config[key] = rule.default;
  const problems: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    const rule = Object.hasOwn(known, key) ? known[key] : undefined;
    if (value === undefined) continue;
    if (!rule) problems.push(`${key}: unknown key`);
    else if (!rule.accepts(value))
      problems.push(`${key}: expected ${rule.expects}, got ${show(value)}`);
    else config[key] = value;
  }
  problems.push(...conflicts(config as C));
  if (problems.length > 0) {
    throw new Error(
      `${owner}: the config does not fit:\n  ${problems.join('\n  ')}\n` +
        `Keys are those of diffusers' scheduler_config.json: ${Object.keys(known).join(', ')}.`,
    );
  }
  return Object.freeze(config) as Readonly<C>;
}

/**
 * The keys of a scheduler_config.json, without diffusers' notes on itself (`_class_name` …).
 *
 * @throws Error if the value is no object, or the config is another class's
 */
export function configKeys(owner: string, json: unknown): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Error(`${owner}: expected the object of a scheduler_config.json, got ${show(json)}.`);
  }
  const { _class_name: name = owner, ...keys } = json as Record<string, unknown>;
  if (name !== owner) {
    throw new Error(`${owner}: expected a config of this class, got one of ${show(name)}.`);
  }
  return Object.fromEntries(Object.entries(keys).filter(([key]) => !key.startsWith('_')));
}

/** The keys that all schedulers share. */
export interface NoiseScheduleConfig {
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
  /** Dynamic thresholding of the predicted x0 instead of clipping; see thresholding.ts. */
  readonly thresholding: boolean;
  /** The quantile of an image's absolute values that it is clipped to, in (0, 1]. */
  readonly dynamic_thresholding_ratio: number;
  /** The most that it may be clipped to, ≥ 1. */
  readonly sample_max_value: number;
  readonly timestep_spacing: TimestepSpacing;
  /** Added to the time steps of `leading`. */
  readonly steps_offset: number;
  /** Moves the schedule so that its last step is pure noise; not with epsilon prediction. */
  readonly rescale_betas_zero_snr: boolean;
}

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
  thresholding: only<boolean>(false),
  dynamic_thresholding_ratio: only<number>(0.995),
  sample_max_value: only<number>(1),
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
export function scheduleConflicts(config: NoiseScheduleConfig): string[] {
  return config.rescale_betas_zero_snr && config.prediction_type === 'epsilon'
    ? ["rescale_betas_zero_snr: expected false with prediction_type 'epsilon', got true"]
    : [];
}

/** The keys that all schedulers share, for another sampler over the schedule a model was trained with. */
export function sharedConfig(config: NoiseScheduleConfig): NoiseScheduleConfig {
  const shared = Object.entries(config).filter(([key]) => Object.hasOwn(noiseScheduleRules, key));
  return Object.fromEntries(shared) as unknown as NoiseScheduleConfig;
}
