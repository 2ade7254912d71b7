/** A step that did not fit into memory. */

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

/** Why a micro-batch was not tried. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';

  /** @param needed bytes that it would take, by smaller ones; @param free those that there are */
  constructor(needed: number, free: number) {
    super(`about ${gigabytes(needed)} would be needed, ${gigabytes(free)} are free`);
  }
}

/** Nothing was changed; a smaller micro-batch may fit. */
export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';

  constructor(
    readonly step: number,
    /** Samples at once that did not fit. */
    readonly microBatchSize: number,
    /** What to try; null if one sample does not fit. */
    readonly suggestion: number | null,
    cause: unknown,
  ) {
    const shape = /tensor with shape\s?(\[[\d,]*\])/.exec(messageOf(cause))?.[1];
    const tensor = shape === undefined ? '' : ` (a tensor of shape ${shape})`;
    const what = cause instanceof TooLarge ? ` (${cause.message})` : tensor;
    const advice =
      suggestion === null
        ? 'Close other programs, or take a smaller model.'
        : `Try microBatchSize: ${suggestion}, which computes the same in parts, or 'auto'.`;
    super(
      `Step ${step}: out of memory with ${microBatchSize} samples at once${what}. The weights are as ` +
        `before the step. ${advice}`,
      { cause },
    );
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Whether TensorFlow says that an allocation failed. */
export function isOutOfMemory(error: unknown): boolean {
  return /OOM when allocating|RESOURCE_EXHAUSTED|Invalid TF_Status: 8/.test(messageOf(error));
}
