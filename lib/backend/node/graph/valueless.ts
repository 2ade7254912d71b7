/** Tensors whose value tfjs does not have: they have none yet, or a session holds it. */

import { engine, type tf } from '../..';
import { nodeBackend, type TensorEntry } from '../binding';
import { toTfjs, type TensorSpec } from './dtypes';

/**
 * Makes a tensor without a value.
 *
 * @param beforeRead called when the value is wanted: it sets the entry's `id` and removes itself, or throws
 * @returns the tensor, which the caller disposes, and tfjs-node's entry of it
 */
export function valuelessTensor(
  spec: TensorSpec,
  beforeRead: () => void,
): { tensor: tf.Tensor; entry: TensorEntry } {
  const { dataId, entry } = valueless(spec, beforeRead);
  entry.refCount = 1;
  const info = { dataId, shape: entry.shape, dtype: toTfjs(spec.dtype) };
  return { tensor: engine().makeTensorFromTensorInfo(info), entry };
}

/** The same without a tensor, held by nobody yet: a `refCount` of 0. */
export function valueless(
  { shape, dtype }: TensorSpec,
  beforeRead: () => void,
): { dataId: tf.DataId; entry: TensorEntry } {
  const dataId = {};
  const own = [...shape];
  const entry: TensorEntry = { shape: own, dtype, id: -1, values: null, refCount: 0, beforeRead };
  nodeBackend().tensorMap.set(dataId, entry);
  return { dataId, entry };
}
