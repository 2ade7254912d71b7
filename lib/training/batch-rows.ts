import type { tf } from '../backend';
import { gatherRows } from '../nn/gather-rows';
import type { BatchIndices } from './objective';

/** The micro-batch's rows of what was drawn for the whole batch; the caller disposes them. */
export function ofRows<T extends tf.Tensor>(whole: T, { indices, rows }: BatchIndices): T {
  return rows.shape[0] === indices.shape[0] ? whole : rowsAt(whole, rows);
}

/** Any rows of what was drawn for the whole batch; the caller disposes them. */
export function rowsAt<T extends tf.Tensor>(whole: T, rows: tf.Tensor1D): T {
  return gatherRows(whole, rows) as T;
}
