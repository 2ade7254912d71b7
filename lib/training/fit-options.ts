import type { SkippedStep, StepLog, TrainHistory } from './history';

export interface FitOptions {
  /** Steps in all, counted from the first one ever; what is done already is not done again. */
  readonly maxSteps?: number;
  /** The same in epochs. */
  readonly epochs?: number;
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

/** How far a training has come. */
export interface Progress {
  /** Optimizer steps done. */
  readonly step: number;
  /** Batches used, those that were left out too. */
  readonly batches: number;
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
