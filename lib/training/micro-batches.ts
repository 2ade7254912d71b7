/**
 * A batch's gradients, gathered over micro-batches that fit into memory.
 *
 * `auto`: on a GPU, which says when its memory is used up, the whole batch is tried and then halves of it. On a CPU,
 * where Linux would rather kill the process than refuse memory, the peak of two small micro-batches is measured and
 * the largest power of two taken whose peak would stay within half of what is free.
 */
import { nodeBackend, tf } from '../backend';
import { availableMemory, peakMemory } from './host-memory';
import { isOutOfMemory, OutOfMemoryError } from './out-of-memory';
import type { BatchDraw } from './device-data';
import { TrainStep, type TrainStepParts } from './train-step';

/** Images of the two trials, the smaller one first. */
const TRIALS = [4, 16] as const;
/** Of the free memory, the share that a micro-batch may take. */
const BUDGET = 0.5;

/** What everything random of a batch is drawn by. */
export type RandomKeys = Omit<BatchDraw, 'indices' | 'rows'>;

type WholeBatch = Omit<BatchDraw, 'rows'>;

export interface Gathered {
  readonly loss: number;
  readonly gradNorm: number;
}

export class MicroBatches {
  private size: number | undefined;

  /** @param wanted images at once, or `auto` */
  constructor(
    private readonly trainStep: TrainStep,
    private readonly parts: TrainStepParts,
    private readonly wanted: number | 'auto',
  ) {
    if (wanted !== 'auto') this.size = wanted;
  }

  /** Images at once; undefined until `auto` has found it. */
  get microBatchSize(): number | undefined {
    return this.size;
  }

  /**
   * Gathers the gradients of a batch in `trainStep`.
   *
   * @param batch its images' places in the data set
   * @param step named in errors
   * @throws OutOfMemoryError if a micro-batch does not fit, and with `auto` if not even one image does
   */
  gather(batch: Int32Array, keys: RandomKeys, step: number): Gathered {
    const indices = tf.tensor1d(batch, 'int32');
    try {
      return this.gatherWhole({ indices, ...keys }, step);
    } finally {
      indices.dispose();
    }
  }

  private gatherWhole(batch: WholeBatch, step: number): Gathered {
    const B = batch.indices.shape[0];
    this.size ??= this.find(batch);
    for (;;) {
      const size = Math.min(this.size, B);
      try {
        return gatherIn(this.trainStep, batch, size);
      } catch (error) {
        if (!isOutOfMemory(error)) throw error;
        const half = size > 1 ? 2 ** (Math.ceil(Math.log2(size)) - 1) : null;
        if (this.wanted !== 'auto' || half === null) {
          throw new OutOfMemoryError(step, size, half, error);
        }
        this.size = half; // no weight was touched: the whole batch is gathered anew
      }
    }
  }

  private find(batch: WholeBatch): number {
    const B = batch.indices.shape[0];
    if (nodeBackend().isUsingGpuDevice || B <= TRIALS[0]) return B;
    const [small, large] = TRIALS.map((size) => this.measure(batch, Math.min(size, B)));
    if (small === undefined || large === undefined) return Math.min(B, TRIALS[1]);
    const perImage = Math.max(1, (large - small) / (Math.min(TRIALS[1], B) - TRIALS[0]));
    const images = Math.max(1, (BUDGET * availableMemory()) / perImage);
    return Math.min(B, 2 ** Math.floor(Math.log2(images)));
  }

  /** Bytes that the process grew by in a step whose gradients are thrown away; undefined if unknown. */
  private measure(batch: WholeBatch, size: number): number | undefined {
    const trial = new TrainStep(this.parts);
    try {
      const run = () => void gatherIn(trial, batch, size, size);
      return peakMemory(run);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      return undefined;
    } finally {
      trial.dispose();
    }
  }
}

/** @param end images of the batch to take; all unless told */
function gatherIn(
  trainStep: TrainStep,
  batch: WholeBatch,
  microBatchSize: number,
  end = batch.indices.shape[0],
): Gathered {
  let [loss, gradNorm] = [0, NaN];
  for (let start = 0; start < end; start += microBatchSize) {
    const size = Math.min(microBatchSize, end - start);
    tf.tidy(() => {
      const rows = tf.range(start, start + size, 1, 'int32');
      const result = trainStep.accumulate({ ...batch, rows }, size / end, start === 0);
      loss += result.loss.dataSync()[0]!;
      gradNorm = result.gradNorm.dataSync()[0]!;
    });
  }
  return { loss, gradNorm };
}
