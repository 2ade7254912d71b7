/** Values that a traced function has beside its arguments and variables. */

import type { tf } from '../..';
import { nodeBackend } from '../binding';
import { fromTfjs } from './dtypes';

/** Constants of more elements are held as the session's variables: a GraphDef is copied many times. */
const LARGE = 4096;

/**
 * A constant's bytes, little-endian; undefined if it is large and not the same number everywhere.
 *
 * @throws JitError for a dtype that graphs of ours do not hold
 */
export function smallConstant({ dataId, dtype }: tf.Tensor): Uint8Array | undefined {
  fromTfjs(dtype);
  const values = nodeBackend().readSync(dataId) as tf.backend_util.TypedArray;
  if (values.length > LARGE && values.some((value) => value !== values[0])) return undefined;
  if (dtype === 'bool') return Uint8Array.from(values);
  // Before they go to TensorFlow, values may still be in another kind of array.
  const array = dtype === 'int32' ? new Int32Array(values) : new Float32Array(values);
  return new Uint8Array(array.buffer);
}
