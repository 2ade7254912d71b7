/** TensorFlow's dtypes (types.proto), as far as graphs of ours use them. */

import type { tf } from '../..';
import { JitError } from '../../../jit/errors';

export const DType = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
} as const;

const NAMES = new Map<number, string>(Object.entries(DType).map(([name, value]) => [value, name]));

/** Shape and TensorFlow dtype of a tensor in the graph. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: number;
}

function dtypeName(dtype: number): string {
  return NAMES.get(dtype) ?? `dtype ${dtype}`;
}

/** The TensorFlow dtype of a tfjs dtype. */
export function fromTfjs(dtype: tf.DataType): number {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return DType[dtype];
  throw new JitError(`Expected a tensor of float32, int32 or bool, got ${dtype}.`);
}

/** The tfjs dtype that stands for a TensorFlow dtype; tfjs shows uint8 as int32. */
export function toTfjs(dtype: number): tf.DataType {
  if (dtype === DType.float32) return 'float32';
  if (dtype === DType.int32 || dtype === DType.uint8) return 'int32';
  if (dtype === DType.bool) return 'bool';
  throw new JitError(`tfjs has no tensor of ${dtypeName(dtype)}.`);
}

/** Bytes of an element, where they are not 4. */
const WIDTHS = new Map<number, number>([
  [DType.uint8, 1],
  [DType.bool, 1],
  [DType.bfloat16, 2],
  [DType.int64, 8],
]);

/** Bytes of tensors of these shapes and dtypes together. */
export function bytesOf(specs: readonly TensorSpec[]): number {
  return specs.reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * (WIDTHS.get(dtype) ?? 4), 0);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}
