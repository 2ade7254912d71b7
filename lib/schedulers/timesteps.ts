/** Which of the training's time steps a shorter sampling visits. */
import { shown } from '../options';
import { roundHalfToEven } from '../rounding';

export const TIMESTEP_SPACINGS = ['linspace', 'leading', 'trailing'] as const;
export type TimestepSpacing = (typeof TIMESTEP_SPACINGS)[number];

/**
 * The time steps to visit, from the noisiest down, before they are rounded to whole ones.
 *
 * `leading` includes 0 and may stop short of the last step, `trailing` includes the last step,
 * `linspace` both (Lin et al. 2023, table 2; diffusers' schedulers/scheduling_ddpm.py). Equal to
 * diffusers for every number of steps, but that its `trailing` may visit one more, at −1 (for 61 …).
 *
 * @param numTrainTimesteps steps of the training's schedule
 * @param numInferenceSteps how many to visit
 * @param stepsOffset added to every step of `leading`, which it may move beyond the schedule
 */
export function spacedTimesteps(
  spacing: TimestepSpacing,
  numTrainTimesteps: number,
  numInferenceSteps: number,
  stepsOffset: number,
): number[] {
  const n = numInferenceSteps;
  const ratio = numTrainTimesteps / n;
  const at: Record<TimestepSpacing, (i: number) => number> = {
    // numpy multiplies by a step computed first; the last element is the end itself.
    linspace: (i) => (n === 1 ? 0 : (n - 1 - i) * ((numTrainTimesteps - 1) / (n - 1))),
    leading: (i) => (n - 1 - i) * Math.floor(ratio) + stepsOffset,
    // Rounded before the 1 is taken off, and with numpy's way of stepping: halves depend on both.
    trailing: (i) =>
      roundHalfToEven(numTrainTimesteps + i * (numTrainTimesteps - ratio - numTrainTimesteps)) - 1,
  };
  return Array.from({ length: n }, (_, i) => at[spacing](i));
}

/** Whole time steps, halves to the even neighbour. */
export function wholeTimesteps(timesteps: readonly number[]): Int32Array {
  return Int32Array.from(timesteps, roundHalfToEven);
}

/**
 * `spacedTimesteps`, whole and inside of the schedule.
 *
 * @param numInferenceSteps 1…numTrainTimesteps
 * @throws Error if a number is out of range, or the offset leads beyond the schedule
 */
export function inferenceTimesteps(
  spacing: TimestepSpacing,
  numTrainTimesteps: number,
  numInferenceSteps: number,
  stepsOffset: number,
): Int32Array {
  checkNumInferenceSteps(numInferenceSteps, numTrainTimesteps);
  const timesteps = wholeTimesteps(
    spacedTimesteps(spacing, numTrainTimesteps, numInferenceSteps, stepsOffset),
  );
  if (timesteps[0]! >= numTrainTimesteps) {
    throw new Error(
      `Expected time steps below num_train_timesteps ${numTrainTimesteps}, but steps_offset ` +
        `${stepsOffset} moves the first of ${numInferenceSteps} to ${timesteps[0]}. Take fewer steps or a ` +
        'smaller offset.',
    );
  }
  return timesteps;
}

/** @throws Error if the number of sampling steps is no integer in 1…most */
export function checkNumInferenceSteps(numInferenceSteps: number, most: number): void {
  const isWhole = Number.isInteger(numInferenceSteps);
  if (isWhole && numInferenceSteps >= 1 && numInferenceSteps <= most) return;
  throw new Error(
    `Expected the number of sampling steps to be an integer from 1 to ${most}, ` +
      `got ${shown(numInferenceSteps)}.`,
  );
}

/** What a config says of a sampling's time steps. */
export interface SpacingConfig {
  readonly timestep_spacing: TimestepSpacing;
  readonly num_train_timesteps: number;
  readonly steps_offset: number;
}

/** `inferenceTimesteps` by the keys of a config. */
export function timestepsOf(config: SpacingConfig, numInferenceSteps: number): Int32Array {
  const { timestep_spacing, num_train_timesteps, steps_offset } = config;
  return inferenceTimesteps(timestep_spacing, num_train_timesteps, numInferenceSteps, steps_offset);
}

/** Every step of the schedule, noisiest first. */
export function allTimesteps(numTrainTimesteps: number): Int32Array {
  return Int32Array.from({ length: numTrainTimesteps }, (_, i) => numTrainTimesteps - 1 - i);
}
