/** Which of the training's time steps a shorter sampling visits. */

export const TIMESTEP_SPACINGS = ['linspace', 'leading', 'trailing'] as const;
export type TimestepSpacing = (typeof TIMESTEP_SPACINGS)[number];

/** Halves go to the even neighbour, as in numpy. */
function roundHalfToEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/**
 * The time steps to visit, from the noisiest down.
 *
 * `leading` includes 0 and may stop short of the last step, `trailing` includes the last step,
 * `linspace` both (Lin et al. 2023, table 2; diffusers' schedulers/scheduling_ddpm.py). Equal to
 * diffusers for every number of steps, but that its `trailing` may visit one more, at −1 (for 61 …).
 *
 * @param numTrainTimesteps steps of the training's schedule
 * @param numInferenceSteps how many to visit, 1…numTrainTimesteps
 * @param stepsOffset added to every step of `leading`
 * @throws Error if a number is out of range, or the offset leads beyond the schedule
 */
export function inferenceTimesteps(
  spacing: TimestepSpacing,
  numTrainTimesteps: number,
  numInferenceSteps: number,
  stepsOffset: number,
): Int32Array {
  checkNumInferenceSteps(numInferenceSteps, numTrainTimesteps);
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
  const timesteps = Int32Array.from({ length: n }, (_, i) => roundHalfToEven(at[spacing](i)));
  if (timesteps[0]! >= numTrainTimesteps) {
    throw new Error(
      `Expected time steps below num_train_timesteps ${numTrainTimesteps}, but steps_offset ` +
        `${stepsOffset} moves the first of ${n} to ${timesteps[0]}. Take fewer steps or a smaller offset.`,
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
      `got ${String(numInferenceSteps)}.`,
  );
}

/** Every step of the schedule, noisiest first. */
export function allTimesteps(numTrainTimesteps: number): Int32Array {
  return inferenceTimesteps('leading', numTrainTimesteps, numTrainTimesteps, 0);
}
