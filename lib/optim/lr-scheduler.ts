/**
 * Learning-rate schedules: pure functions from the number of optimizer steps done (0 at the first) to
 * a factor of the base rate. Names and formulas are those of get_scheduler in diffusers' optimization.py.
 */
import { ANY_RULE, checkGiven, NOT_NEGATIVE_RULE, requireRecord, shown } from '../options';

const LR_SCHEDULES = ['constant', 'constant_with_warmup', 'linear', 'cosine'] as const;
export type LRScheduleName = (typeof LR_SCHEDULES)[number];

export interface LRScheduleOptions {
  /** Steps in which the factor rises linearly from 0; not for `constant`. */
  readonly numWarmupSteps?: number;
  /** Steps until the factor is 0; needed by `linear` and `cosine`. */
  readonly numTrainingSteps?: number;
}

/** Steps done so far → factor in [0, 1]. */
export type LRSchedule = (step: number) => number;

function checkSteps(name: LRScheduleName, options: LRScheduleOptions): void {
  const { numWarmupSteps = 0, numTrainingSteps } = options;
  const isCount = (value: number) => Number.isInteger(value) && value >= 0;
  const problems: string[] = [];
  if (!isCount(numWarmupSteps)) {
    problems.push(`numWarmupSteps: expected an integer ≥ 0, got ${numWarmupSteps}`);
  } else if (name === 'constant' && numWarmupSteps > 0) {
    problems.push(
      `numWarmupSteps: 'constant' has none, got ${numWarmupSteps}; use 'constant_with_warmup'`,
    );
  }
  if (
    numTrainingSteps === undefined
      ? name === 'linear' || name === 'cosine'
      : !isCount(numTrainingSteps)
  ) {
    problems.push(`numTrainingSteps: expected an integer ≥ 0, got ${numTrainingSteps}`);
  }
  if (problems.length > 0) throw new Error(`getScheduler('${name}'): ${problems.join('; ')}`);
}

/**
 * The schedule of that name.
 *
 * - `constant`: 1
 * - `constant_with_warmup`: rises to 1, then stays
 * - `linear`: rises to 1, then falls in a straight line to 0 at numTrainingSteps
 * - `cosine`: rises to 1, then falls along half a cosine to 0 at numTrainingSteps
 *
 * Past numTrainingSteps the factor stays 0 (diffusers' cosine would rise again).
 *
 * @throws Error if the name or an option is unknown, or a needed number of steps is missing or no count
 */
export function getScheduler(name: LRScheduleName, options: LRScheduleOptions = {}): LRSchedule {
  if (!LR_SCHEDULES.includes(name)) {
    throw new Error(
      `getScheduler: expected one of ${LR_SCHEDULES.join(', ')}, got ${String(name)}.`,
    );
  }
  const owner = `getScheduler('${name}')`;
  requireRecord(owner, options, 'options as a record, { name: value }');
  checkGiven(owner, options, { numWarmupSteps: ANY_RULE, numTrainingSteps: ANY_RULE });
  checkSteps(name, options);
  const { numWarmupSteps = 0, numTrainingSteps = 0 } = options;
  const decaySteps = Math.max(1, numTrainingSteps - numWarmupSteps);
  const decay: Record<LRScheduleName, LRSchedule> = {
    constant: () => 1,
    constant_with_warmup: () => 1,
    linear: (step) => Math.max(0, (numTrainingSteps - step) / decaySteps),
    cosine: (step) => {
      const progress = Math.min(1, (step - numWarmupSteps) / decaySteps);
      return 0.5 * (1 + Math.cos(Math.PI * progress));
    },
  };
  return (step) => (step < numWarmupSteps ? step / numWarmupSteps : decay[name](step));
}

/** @throws RangeError if the schedule gives no factor: NaN would make every weight NaN */
export function factorAfter(lrSchedule: LRSchedule, stepsDone: number): number {
  const factor: unknown = lrSchedule(stepsDone);
  const [expected, fits] = NOT_NEGATIVE_RULE;
  if (fits(factor)) return factor as number;
  throw new RangeError(
    `Trainer: lrSchedule: expected ${expected} after ${stepsDone} steps, the factor of learningRate, got ${shown(factor)}.`,
  );
}
