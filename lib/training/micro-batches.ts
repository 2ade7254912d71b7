/**
 * A batch's gradients, gathered over micro-batches that fit into memory.
 *
 * `auto`: on a GPU, which says when its memory is used up, the whole batch is tried and then halves of it. On a CPU,
 * where Linux would rather kill the process than refuse memory, the memory that a size takes is computed from its graph;
 * the size is then the largest power of two that takes at most half of what is free. In the same way a size that the
 * caller chose is refused if it surely takes more than there is.
 */
import { tf } from '../backend';
import { nodeBackend } from '../backend/node';
import { availableMemory } from './host-memory';
import { isOutOfMemory, OutOfMemoryError, TooLarge } from './out-of-memory';
import type { RandomKeys } from './objective';
import type { StepInput, TrainStep } from './train-step';

/** The share of the free memory that a micro-batch may take. */
const BUDGET = 0.5;

/** The whole batch, as `StepInput` without the rows of a micro-batch. */
type WholeBatch = Omit<StepInput, 'rows'>;

/** Which of a batch's rows are computed here; of a batch of `batchSize` all, unless other workers have some. */
export type RowsOf = (batchSize: number) => { readonly start: number; readonly end: number };

const allRows: RowsOf = (batchSize) => ({ start: 0, end: batchSize });

export class MicroBatches {
  private size: number | undefined;
  /** Whether the chosen size is known to fit, or cannot be known. */
  private isTried = false;

  /** @param wanted samples at once, or `auto` */
  constructor(
    private readonly trainStep: TrainStep,
    private readonly wanted: number | 'auto',
    private readonly rowsOf: RowsOf = allRows,
  ) {
    if (wanted !== 'auto') this.size = wanted;
  }

  private countOf(batch: WholeBatch): number {
    const { start, end } = this.rowsOf(batch.indices.shape[0]);
    return end - start;
  }

  /** Samples at once; undefined until `auto` has found it. */
  get microBatchSize(): number | undefined {
    return this.size;
  }

  /**
   * Whether a batch is computed at once.
   *
   * @throws OutOfMemoryError if it surely does not fit
   */
  takesWhole(batch: Int32Array, keys: RandomKeys, step: number): boolean {
    const count = batch.length;
    if (this.size !== undefined && (this.size < count || this.isTried)) return this.size >= count;
    const size = withIndices(batch, (indices) => this.sizeFor({ indices, keys }, step));
    this.isTried = true;
    this.trainStep.forgetGraphs(); // made only to look how much they take
    return size >= count;
  }

  /**
   * Gathers the gradients of a batch in `trainStep`.
   *
   * @param batch its samples' places in the data set
   * @param step named in errors
   * @returns the batch's loss, or these rows' part of it
   * @throws OutOfMemoryError if a micro-batch does not fit or surely would not, and with `auto` if not even one
   *   sample does
   */
  gather(batch: Int32Array, keys: RandomKeys, step: number): number {
    return withIndices(batch, (indices) => this.gatherWhole({ indices, keys }, step));
  }

  private gatherWhole(batch: WholeBatch, step: number): number {
    let size = Math.min(this.sizeFor(batch, step), this.countOf(batch));
    for (;;) {
      try {
        return gatherIn(this.trainStep, batch, this.rowsOf(batch.indices.shape[0]), size);
      } catch (error) {
        if (!isOutOfMemory(error)) throw error;
        const half = size > 1 ? halfOf(size) : null;
        if (this.wanted !== 'auto' || half === null) {
          throw new OutOfMemoryError(step, size, half, error);
        }
        size = this.size = half; // no weight was touched: the whole batch is gathered anew
      }
    }
  }

  /** @throws OutOfMemoryError if a micro-batch of the size that was asked for surely does not fit */
  private sizeFor(batch: WholeBatch, step: number): number {
    const size = (this.size ??= this.find(batch));
    if (this.wanted !== 'auto') {
      this.refuseTooLarge(batch, Math.min(size, this.countOf(batch)), step);
    }
    return size;
  }

  /** On a GPU the whole batch, to begin with; on a CPU what fits. */
  private find(batch: WholeBatch): number {
    const count = this.countOf(batch);
    if (nodeBackend().isUsingGpuDevice) return count;
    const size = Math.min(count, sizeWithin(this.bytesOf(batch, count) / count));
    if (size < count) this.trainStep.forgetGraphs();
    return size;
  }

  /** On a CPU, where taking too much memory ends the process and all that it holds. */
  private refuseTooLarge(batch: WholeBatch, size: number, step: number): void {
    if (this.isTried || nodeBackend().isUsingGpuDevice) return;
    const [needed, free] = [this.bytesOf(batch, size), availableMemory()];
    if (needed > free) {
      const suggestion = size > 1 ? Math.min(halfOf(size), sizeWithin(needed / size)) : null;
      throw new OutOfMemoryError(step, size, suggestion, new TooLarge(needed, free));
    }
    this.isTried = true;
  }

  /** What so many of the batch's samples take at once. */
  private bytesOf(batch: WholeBatch, size: number): number {
    const rows = tf.range(0, size, 1, 'int32');
    try {
      return this.trainStep.peakBytes({ ...batch, rows }, size / batch.indices.shape[0]);
    } finally {
      rows.dispose();
    }
  }
}

function withIndices<T>(batch: Int32Array, run: (indices: tf.Tensor1D) => T): T {
  const indices = tf.tensor1d(batch, 'int32');
  try {
    return run(indices);
  } finally {
    indices.dispose();
  }
}

/** The largest power of two below. */
const halfOf = (size: number) => 2 ** (Math.ceil(Math.log2(size)) - 1);

/** The largest power of two whose samples stay within the budget. */
function sizeWithin(perSample: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, (BUDGET * availableMemory()) / perSample)));
}

function gatherIn(
  trainStep: TrainStep,
  batch: WholeBatch,
  { start: first, end }: ReturnType<RowsOf>,
  microBatchSize: number,
): number {
  const B = batch.indices.shape[0];
  const several = microBatchSize < end - first;
  let loss = 0;
  for (let start = first; start < end; start += microBatchSize) {
    const size = Math.min(microBatchSize, end - start);
    const rows = tf.range(start, start + size, 1, 'int32');
    try {
      loss += trainStep.accumulate({ ...batch, rows }, size / B, start === first, several);
    } finally {
      rows.dispose();
    }
  }
  return loss;
}
