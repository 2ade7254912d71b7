/**
 * A batch in two halves that are computed side by side.
 *
 * TensorFlow cuts each op into pieces for its threads, and then waits for the slowest. A graph of two independent
 * halves, each op of which has half of the threads, waits less: on two cores the training step of a small UNet
 * takes 11 % less time (docs/performance.md).
 */

import { tf } from '../backend';
import { JitError } from './errors';
import { currentTrace } from './trace';
import { buildTree, flattenTree, type FlatTree } from './tree';

/** Whether a half is being computed now: halves are not cut again. */
let insideHalf = false;

/**
 * `fn(record)`, computed for the two halves of the batch where that is faster: in a function that is traced, where
 * sessions can have threads of their own, from a batch of two on. The session of such a function gets half of
 * the threads for each op by itself. Everywhere else the call is `fn(record)` and nothing more.
 *
 * @param fn a function of each row by itself, such as a model, or a mean over rows, such as a loss. It is called
 *   once or twice, with records of the given structure, and sees only rows that belong together
 * @param record a tensor, or nested arrays and records of them, each [B, ...] with the same B; `undefined` and
 *   `null` pass through
 * @returns as `fn`: scalars are the mean over both halves, weighted by their sizes; other tensors are joined along
 *   the first axis. The caller disposes it
 * @throws JitError if the record holds something else than tensors, tensors of several B, or none at all
 */
export function inHalves<R, T>(fn: (part: R) => T, record: R): T {
  const { tensors, paths, structure } = flattenTree(record, 'record', { sorted: false });
  const size = batchSize(tensors, paths);
  // Asked in any case: a session's threads do not depend on the size of a batch.
  const isFaster = currentTrace()?.sideBySide() ?? false;
  if (insideHalf || !isFaster || size < 2) return fn(record);
  const half = Math.ceil(size / 2);
  const sizes = [half, size - half];
  const cut = tensors.map((tensor) => tf.split(tensor, sizes, 0));
  insideHalf = true;
  try {
    const results = sizes.map((rows, i) => {
      const part = cut.map((halves) => halves[i] as tf.Tensor);
      return weighed(fn(buildTree(structure, part) as R), rows / size);
    });
    return join(results) as T;
  } finally {
    insideHalf = false;
  }
}

/** The first axis of all tensors. */
function batchSize(tensors: readonly tf.Tensor[], paths: readonly string[]): number {
  const [first] = tensors;
  if (!first) throw new JitError('inHalves: expected a record with a tensor, got none.');
  const size = first.shape[0];
  if (size !== undefined && tensors.every(({ shape }) => shape[0] === size)) return size;
  const shapes = tensors.map(({ shape }, i) => `${paths[i] || 'it'} [${shape.join(', ')}]`);
  throw new JitError(
    `inHalves: expected tensors with the same first axis, the batch, got ${shapes.join(', ')}. ` +
      'Let the function capture what does not belong to single rows.',
  );
}

/** A half's result, whose scalars are multiplied by the half's share of the batch. */
function weighed(result: unknown, share: number): FlatTree {
  const flat = flattenTree(result, 'result of a half', { sorted: false });
  const tensors = flat.tensors.map((tensor) => (tensor.rank > 0 ? tensor : tf.mul(tensor, share)));
  return { ...flat, tensors };
}

function join(results: readonly FlatTree[]): unknown {
  const [first, ...rest] = results as [FlatTree, ...FlatTree[]];
  if (rest.some(({ key }) => key !== first.key)) {
    throw new JitError('inHalves: expected results of the same structure for both halves.');
  }
  const joined = first.tensors.map(({ rank }, i) => {
    const parts = results.map(({ tensors }) => tensors[i] as tf.Tensor);
    return rank > 0 ? tf.concat(parts) : tf.addN(parts);
  });
  return buildTree(first.structure, joined);
}
