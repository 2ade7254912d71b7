/** What is trained, as far as the trainer, its checkpoints and a resumed run know it. */
import type { tf } from '../backend';
import type { Part } from '../models/pretrained';

/** Tensors of a batch, [B, …] each, by name. */
export type BatchRecord = Readonly<Record<string, tf.Tensor>>;

/** Which samples a micro-batch has. Both tensors belong to the caller. */
export interface BatchIndices {
  /** int32 [B]: the whole batch's places in the data set */
  readonly indices: tf.Tensor1D;
  /** int32 [m]: the micro-batch's places in the batch; in order if m = B */
  readonly rows: tf.Tensor1D;
}

/** A key for each of the objective's `streams`, int32 [2]: what everything random of a batch is drawn by. */
export type RandomKeys = Readonly<Record<string, tf.Tensor1D>>;

/**
 * A loss over batches that it draws itself. `draw` and `loss` are traced into one graph with the gradients, so they
 * are plain ops of tensors without host reads, and what is random comes from the keys.
 */
export interface Objective<B extends BatchRecord = BatchRecord> {
  /**
   * Everything that a checkpoint consists of, by the name of its folder: models, trained or frozen, and what they need
   * to be used. The weights of those that have any are loaded again when a run is resumed.
   */
  readonly parts: Readonly<Record<string, Part>>;
  /** The pipeline that Python loads the parts as: `_class_name` of model_index.json. */
  readonly pipelineClass: string;
  /** What is trained, by name: `unet.conv_in.weight`. */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  /** Samples there are to draw from. */
  readonly length: number;
  /** Names of the random streams that `draw` wants a key of. */
  readonly streams: readonly string[];
  /**
   * A micro-batch on the device. Its numbers depend on the whole batch and the keys, not on how the batch is cut.
   *
   * @returns batch-first tensors, which the caller disposes
   */
  draw(batch: BatchIndices, keys: RandomKeys): B;
  /** @returns the mean loss over the batch, a scalar that the caller disposes */
  loss(batch: B): tf.Scalar;
  /**
   * Everything that decides the run's numbers, apart from weights and the trainer's own options: JSON values. A run
   * is resumed only where all are as they were.
   */
  identity(): Readonly<Record<string, unknown>>;
  /**
   * Called before a batch is drawn, with its places and those of the next one, for what is not on the device yet.
   *
   * @param next undefined at an epoch's end
   */
  prepare?(indices: Int32Array, next: Int32Array | undefined): Promise<void>;
  /** Called after weights were loaded from outside, for what was computed from them. */
  refresh?(): void;
  /** Frees what the objective made; the parts stay. */
  dispose(): void;
}
