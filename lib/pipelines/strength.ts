/** How much of a sampling changes a picture. */
import { isShare } from '../options';
import { FlowMatchEulerDiscreteScheduler } from '../schedulers/flow-match-euler-discrete';
import type { Sampler } from '../schedulers/scheduler';

/** Where a sampling begins that starts from a picture. */
export interface StrengthPlan {
  /** Position in the scheduler's `timesteps` of the first that is visited. */
  readonly begin: number;
  /** Steps that are taken; a method of two looks asks the model about twice as often. */
  readonly steps: number;
  /** The first time step. */
  readonly timestep: number;
  /** In words: `strength 0.58 of 50 steps: 28 steps from t = 540`. */
  readonly text: string;
}

/** The least strength for which one of so many steps is left, rounded up to four digits. */
export function leastStrength(numInferenceSteps: number): number {
  const rounded = Math.ceil(1e4 / numInferenceSteps) / 1e4;
  return Math.trunc(numInferenceSteps * rounded) >= 1 ? rounded : Math.min(1, rounded + 1e-4);
}

/**
 * Of N steps the last `Math.trunc(N · strength)`, as diffusers: 50 · 0.58 is 28.999… in doubles, so that 28 are taken, not
 * 29. Over flow matching the steps before are cut down to a whole number instead, as SD3's pipeline does.
 *
 * @param scheduler its time steps are set to all N
 * @throws RangeError if strength is not in [0, 1], or no step is left
 */
export function strengthPlan(
  scheduler: Sampler,
  numInferenceSteps: number,
  strength: number,
): StrengthPlan {
  if (!isShare(strength)) {
    throw new RangeError(`strength: expected a number from 0 to 1, got ${String(strength)}.`);
  }
  scheduler.setTimesteps(numInferenceSteps);
  const N = numInferenceSteps;
  const order = scheduler.timesteps.length > N ? 2 : 1; // Heun looks twice
  const skipped =
    scheduler instanceof FlowMatchEulerDiscreteScheduler
      ? Math.trunc(Math.max(N - N * strength, 0))
      : N - Math.min(Math.trunc(N * strength), N);
  const steps = N - skipped;
  if (steps === 0) {
    throw new RangeError(
      `strength: expected at least ${leastStrength(N)} with ${N} steps, got ${strength}, which leaves no step: the picture would ` +
        'come back as it is.',
    );
  }
  const begin = skipped * order;
  const timestep = scheduler.timesteps[begin]!;
  const at = Number.isInteger(timestep) ? String(timestep) : timestep.toFixed(1);
  const { alpha } = scheduler.levelAt(begin);
  const rest =
    strength === 1 && alpha > 0
      ? `; even there the picture counts ${alpha.toPrecision(2)} times, so that it is not pure noise`
      : '';
  const text = `strength ${strength} of ${N} steps: ${steps} steps from t = ${at}${rest}`;
  return { begin, steps, timestep, text };
}
