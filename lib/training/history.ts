/** What training reports, as data. */

/** One step. */
export interface StepLog {
  /** Steps done, from 1. */
  readonly step: number;
  /** Epoch that the step belongs to, from 0. */
  readonly epoch: number;
  /** Mean squared error of the batch, before the update. */
  readonly loss: number;
  readonly learningRate: number;
  /** Norm of the gradient before clipping. */
  readonly gradNorm: number;
  /** Wall time of the step. */
  readonly seconds: number;
}

/** Everything since the first step, or since the checkpoint that was loaded. */
export interface TrainHistory {
  readonly steps: readonly StepLog[];
  /** True if Stop was pressed or the signal aborted before the last step. */
  readonly stopped: boolean;
}

/** The mean loss of the last `count` steps. */
export function meanLoss(steps: readonly StepLog[], count = 100): number {
  const last = steps.slice(-count);
  return last.reduce((sum, { loss }) => sum + loss, 0) / last.length;
}

/** A loss or gradient that is NaN or infinite; the step was not applied. */
export class NonFiniteLossError extends Error {
  override readonly name = 'NonFiniteLossError';

  constructor(
    readonly step: number,
    readonly loss: number,
    readonly gradNorm: number,
  ) {
    super(
      `Step ${step}: expected a finite loss and gradient, got loss ${loss} and gradient norm ` +
        `${gradNorm}. The weights are as before the step. Try a lower learning rate or ` +
        'maxGradNorm: 1, and look for broken values in the data.',
    );
  }
}
