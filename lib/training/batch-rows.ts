import type { tf } from '../backend';
import { gatherRows } from '../nn/gather-rows';
import type { BatchIndices } from './objective';

/** Whether it is the whole batch, whose rows are then in order. */
export function isWhole({ indices, rows }: BatchIndices): boolean {
  return rows.shape[0] === indices.shape[0];
}

/** The micro-batch's rows of what was drawn for the whole batch; the caller disposes them. */
export function ofRows<T extends tf.Tensor>(whole: T, batch: BatchIndices): T {
  return isWhole(batch) ? whole : rowsAt(whole, batch.rows);
}

/** Any rows of what was drawn for the whole batch; the caller disposes them. */
export function rowsAt<T extends tf.Tensor>(whole: T, rows: tf.Tensor1D): T {
  return gatherRows(whole, rows) as T;
}
