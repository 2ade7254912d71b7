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

/** A batch whose loss or gradient was not finite; it was left out. */
export interface SkippedStep {
  /** The step that it would have been. */
  readonly step: number;
  readonly epoch: number;
  readonly loss: number | null;
  /** Null stands for a number that is not finite, also for the loss. */
  readonly gradNorm: number | null;
  /** The first tensors that hold such numbers, or empty if only the loss does. */
  readonly where: readonly string[];
}

/** Everything since the first step, or since the checkpoint that was loaded. */
export interface TrainHistory {
  readonly steps: readonly StepLog[];
  /** Batches left out by `nonFinite: 'skip'`. */
  readonly skipped: readonly SkippedStep[];
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
    /** The first tensors that hold numbers that are not finite, for example `weight unet.conv_in.bias`. */
    readonly where: readonly string[] = [],
    /** Batches that were left out right before, by `nonFinite: 'skip'`. */
    readonly skippedBefore = 0,
  ) {
    const found = where.length > 0 ? ` First found in ${where.join(', ')}.` : '';
    const count =
      skippedBefore > 0 ? ` The ${skippedBefore} batches before it were left out already.` : '';
    super(
      `Step ${step}: expected a finite loss and gradient, got loss ${loss} and gradient norm ` +
        `${gradNorm}. The weights are as before the step.${found}${count} Go back to a checkpoint or begin ` +
        'anew, with a lower learning rate or maxGradNorm: 1, and look for broken values in the data.',
    );
  }
}
