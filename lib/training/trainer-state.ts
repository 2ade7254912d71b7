/** Where a training stands, besides weights, moments and moving average. */
import type { SkippedStep, StepLog } from './history';

export interface TrainerState {
  /** What may not change when the run goes on. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What may, as it was. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** Optimizer steps done: the place in the learning-rate schedule. */
  readonly step: number;
  /** Epochs complete. With `position`, the place in the data. */
  readonly epoch: number;
  /** Samples of the present epoch that were used. */
  readonly position: number;
  /**
   * Keys taken from each random stream. Every number depends on the seed, the stream and this count alone, so
   * streams have no other state.
   */
  readonly randomPosition: number;
  readonly steps: readonly StepLog[];
  readonly skipped: readonly SkippedStep[];
}
