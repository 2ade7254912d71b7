/**
 * The 1cycle policy: the learning rate rises to its maximum and falls far below where it began. Smith &
 * Topin 2018, "Super-convergence: very fast training of neural networks using large learning rates"; the
 * formula and the defaults are those of torch's `OneCycleLR` with cosine annealing.
 */
import { checkOptions, isCount, isPositive, isShare, type OptionRules } from '../options';
import type { LRSchedule } from './lr-scheduler';

export interface OneCycleOptions {
  /** Steps of the whole cycle, ≥ 2. */
  readonly totalSteps: number;
  /** Share of the steps in which it rises, in (0, 1). Where that is one step, it begins at the top. */
  readonly pctStart?: number;
  /** The first factor is 1 / divFactor. */
  readonly divFactor?: number;
  /** The last factor is the first one over this. */
  readonly finalDivFactor?: number;
}

const DEFAULTS = { pctStart: 0.3, divFactor: 25, finalDivFactor: 1e4 };

const RULES: OptionRules<Required<OneCycleOptions>> = {
  totalSteps: ['an integer ≥ 2', (value) => isCount(value) && value >= 2],
  pctStart: ['a number in (0, 1)', (value) => isShare(value) && value > 0 && value < 1],
  divFactor: ['a number ≥ 1', (value) => isPositive(value) && value >= 1],
  finalDivFactor: ['a number ≥ 1', (value) => typeof value === 'number' && value >= 1],
};

/**
 * The factor of the highest rate, by steps done; past the cycle it stays at its last value (torch raises an
 * error there). torch also moves beta1, which is left alone here.
 *
 * @throws RangeError naming every option out of range
 */
export function oneCycle(options: OneCycleOptions): LRSchedule {
  const all = checkOptions('oneCycle', options, DEFAULTS, RULES);
  const { totalSteps, pctStart, divFactor, finalDivFactor } = all;
  const first = 1 / divFactor;
  const last = first / finalDivFactor;
  const top = pctStart * totalSteps - 1;
  const end = totalSteps - 1;
  const anneal = (from: number, to: number, share: number) =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  return (step) => {
    const done = Math.min(step, end);
    // A rise that is over at step 0 has reached the top there; torch divides 0 by 0.
    if (done === top) return 1;
    return done < top ? anneal(first, 1, done / top) : anneal(1, last, (done - top) / (end - top));
  };
}
