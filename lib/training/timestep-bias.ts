/**
 * Time steps that are drawn more often than others, by the options `--timestep_bias_*` of diffusers'
 * train_text_to_image_sdxl.py (`generate_timestep_weights`).
 */
import { tf } from '../backend';
import { isPositive, isShare, isWholeNumber, type OptionRules } from '../options';
import { rand, type RandomKey } from '../random';

const TIMESTEP_BIAS_STRATEGIES = ['none', 'earlier', 'later', 'range'] as const;

export interface TimestepBias {
  /** Which time steps: none (default), a portion of those with the least or with the most noise, or a range. */
  readonly timestepBiasStrategy: (typeof TIMESTEP_BIAS_STRATEGIES)[number];
  /** How many times as often as the others they are drawn, > 0. Default 1. */
  readonly timestepBiasMultiplier: number;
  /** Their share of all time steps with `earlier` and `later`. Default 0.25. */
  readonly timestepBiasPortion: number;
  /** The first of a `range`. Default 0. */
  readonly timestepBiasBegin: number;
  /** One after the last of a `range`. Default 1000. */
  readonly timestepBiasEnd: number;
}

/** The script's. */
export const TIMESTEP_BIAS_DEFAULTS: TimestepBias = {
  timestepBiasStrategy: 'none',
  timestepBiasMultiplier: 1,
  timestepBiasPortion: 0.25,
  timestepBiasBegin: 0,
  timestepBiasEnd: 1000,
};

export const TIMESTEP_BIAS_RULES: OptionRules<TimestepBias> = {
  timestepBiasStrategy: [
    `one of ${TIMESTEP_BIAS_STRATEGIES.join(', ')}`,
    (v) => (TIMESTEP_BIAS_STRATEGIES as readonly unknown[]).includes(v),
  ],
  timestepBiasMultiplier: ['a number > 0', isPositive],
  timestepBiasPortion: ['a number from 0 to 1', isShare],
  timestepBiasBegin: ['an integer ≥ 0', (v) => isWholeNumber(v) && v >= 0],
  timestepBiasEnd: [
    'an integer greater than timestepBiasBegin',
    (v, { timestepBiasBegin }) => isWholeNumber(v) && v > timestepBiasBegin,
  ],
};

/** The range of the time steps, from begin to before end, that count `timestepBiasMultiplier` times. */
function biasedRange(bias: TimestepBias, trainTimesteps: number): readonly [number, number] {
  const count = Math.trunc(bias.timestepBiasPortion * trainTimesteps);
  switch (bias.timestepBiasStrategy) {
    case 'earlier':
      return [0, count];
    case 'later':
      return [trainTimesteps - count, trainTimesteps];
    case 'range':
      return [bias.timestepBiasBegin, bias.timestepBiasEnd];
    case 'none':
      return [0, 0];
  }
}

/** @throws RangeError for a range that goes beyond the schedule's time steps */
export function checkTimestepBias(owner: string, bias: TimestepBias, trainTimesteps: number): void {
  if (bias.timestepBiasStrategy !== 'range' || bias.timestepBiasEnd <= trainTimesteps) return;
  throw new RangeError(
    `${owner}: timestepBiasEnd: expected at most the schedule's ${trainTimesteps} time steps, got ${bias.timestepBiasEnd}.`,
  );
}

/**
 * A time step for each number, such that equally spread numbers give each time step as often as its weight says. The weights
 * are constant over three ranges, so the inverse of their sum is three straight lines.
 *
 * @param numbers [count] in [0, 1); the caller disposes them
 * @returns int32 [count], 0…trainTimesteps − 1
 */
export function biasedTimesteps(
  numbers: tf.Tensor1D,
  bias: TimestepBias,
  trainTimesteps: number,
): tf.Tensor1D {
  const [begin, end] = biasedRange(bias, trainTimesteps);
  const more = (bias.timestepBiasMultiplier - 1) * (end - begin);
  return tf.tidy(() => {
    const place = tf.mul<tf.Tensor1D>(numbers, trainTimesteps + more);
    const inside = tf.add<tf.Tensor1D>(
      tf.div(tf.sub(place, begin), bias.timestepBiasMultiplier),
      begin,
    );
    const after = tf.sub<tf.Tensor1D>(place, more);
    const rest = tf.where<tf.Tensor1D>(tf.less(after, end), inside, after);
    const timesteps = tf.floor(tf.where(tf.less(place, begin), place, rest));
    return tf.cast<tf.Tensor1D>(tf.clipByValue(timesteps, 0, trainTimesteps - 1), 'int32');
  });
}

/** Time steps of a whole batch, int32 [count]; the caller disposes them. */
export function drawBiasedTimesteps(
  count: number,
  key: RandomKey,
  bias: TimestepBias,
  trainTimesteps: number,
): tf.Tensor1D {
  return tf.tidy(() => biasedTimesteps(rand<tf.Rank.R1>([count], key), bias, trainTimesteps));
}
