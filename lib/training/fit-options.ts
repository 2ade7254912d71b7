import {
  ANY_RULE,
  checkGiven,
  FLAG_RULE,
  FUNCTION_RULE,
  requireRecord,
  type Rule,
} from '../options';
import type { SkippedStep, StepLog, TrainHistory } from './history';

export interface FitOptions {
  /** Steps in all, counted from the first one ever; what is done already is not done again. */
  readonly maxSteps?: number;
  /** The same in epochs. */
  readonly epochs?: number;
  /** Whether a notebook shows a bar, if the cell has none of its own. Default true. */
  readonly progressBar?: boolean;
  /** Called after every step; a promise is awaited. */
  readonly onStep?: (log: StepLog) => void | Promise<void>;
  /** Called for every batch that `nonFinite: 'skip'` leaves out. */
  readonly onSkip?: (skipped: SkippedStep) => void | Promise<void>;
  /** Called after the last step of each epoch, with the epoch's number from 0. */
  readonly onEpoch?: (epoch: number, steps: readonly StepLog[]) => void | Promise<void>;
  /** Called once at the end, also after a stop. */
  readonly onEnd?: (history: TrainHistory) => void | Promise<void>;
  /** Stops the loop after the present step. */
  readonly signal?: AbortSignal;
}

const SIGNAL_RULE: Rule = ['an AbortSignal', (value) => value instanceof AbortSignal];

/** @throws TypeError if they are no record; RangeError naming every option that is unknown or of another kind */
export function checkFitOptions(options: FitOptions): void {
  requireRecord('Trainer.fit', options, 'options as a record, { name: value }');
  checkGiven('Trainer.fit', options, {
    ...{ maxSteps: ANY_RULE, epochs: ANY_RULE, progressBar: FLAG_RULE, signal: SIGNAL_RULE },
    ...{
      onStep: FUNCTION_RULE,
      onSkip: FUNCTION_RULE,
      onEpoch: FUNCTION_RULE,
      onEnd: FUNCTION_RULE,
    },
  });
}

/** How far a training has come. */
export interface Progress {
  /** Optimizer steps done. */
  readonly step: number;
  /** Batches used, those that were left out too. */
  readonly batches: number;
}

/** What says that a training was stopped, and not lost. */
export const GOES_ON = 'run the cell again to go on';

/** Why there is nothing to do. */
export function alreadyDone({ maxSteps, epochs }: Pick<FitOptions, 'maxSteps' | 'epochs'>): string {
  const name = maxSteps === undefined ? 'epochs' : 'maxSteps';
  return (
    `Trainer.fit: already at ${name} ${maxSteps ?? epochs}, so there is nothing to train: raise ${name}, or choose a ` +
    'new folder.'
  );
}

/**
 * When a fit is done.
 *
 * @throws RangeError unless exactly one of both is given, as an integer ≥ 1
 */
export function isDone(
  { maxSteps, epochs }: Pick<FitOptions, 'maxSteps' | 'epochs'>,
  batchesPerEpoch: number,
): (progress: Progress) => boolean {
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  const isBoth = maxSteps !== undefined && epochs !== undefined;
  if (isBoth || !isCount(maxSteps ?? epochs)) {
    throw new RangeError(
      `Trainer.fit: expected maxSteps or epochs as an integer ≥ 1, got maxSteps ${maxSteps} and ` +
        `epochs ${epochs}.`,
    );
  }
  if (maxSteps !== undefined) return ({ step }) => step >= maxSteps;
  return ({ batches }) => batches >= (epochs as number) * batchesPerEpoch;
}
