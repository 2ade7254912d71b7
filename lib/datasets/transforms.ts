/** From bytes to the numbers a model takes, as torchvision's ToTensor and Normalize do it. */

import ndarray, { type NdArray } from 'ndarray';
import { tf } from '../backend';

/**
 * uint8 images to float32 in [0, 1], as torchvision's `ToTensor`, but channels last.
 *
 * @param images [H, W], [N, H, W] or [N, H, W, C], 0 to 255
 * @returns a new array: [H, W, 1], [N, H, W, 1] or [N, H, W, C]
 * @throws RangeError for another rank
 */
export function toTensor(images: NdArray<Uint8Array>): NdArray<Float32Array> {
  const rank = images.dimension;
  if (rank < 2 || rank > 4) {
    const shape = images.shape.join(', ');
    throw new RangeError(`toTensor: expected [H, W], [N, H, W] or [N, H, W, C], got [${shape}].`);
  }
  const bytes = rowMajor(images);
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) values[i] = (bytes[i] ?? 0) / 255;
  return ndarray(values, rank === 4 ? [...images.shape] : [...images.shape, 1]);
}

/**
 * (x − mean) / std, as torchvision's `Normalize`; with 0.5 and 0.5, [0, 1] becomes [−1, 1].
 *
 * @returns a new array or tensor of the same shape; a tensor is the caller's to dispose
 * @throws RangeError if std is not a positive number or mean not finite
 */
export function normalize(
  x: NdArray<Float32Array>,
  mean?: number,
  std?: number,
): NdArray<Float32Array>;
export function normalize<T extends tf.Tensor>(x: T, mean?: number, std?: number): T;
export function normalize(
  x: NdArray<Float32Array> | tf.Tensor,
  mean = 0.5,
  std = 0.5,
): NdArray<Float32Array> | tf.Tensor {
  if (!Number.isFinite(mean) || !(std > 0 && std < Infinity)) {
    throw new RangeError(`normalize: expected a finite mean and std > 0, got ${mean} and ${std}.`);
  }
  if (x instanceof tf.Tensor) return tf.tidy(() => tf.div(tf.sub(x, mean), std));
  const from = rowMajor(x);
  const values = new Float32Array(from.length);
  for (let i = 0; i < from.length; i++) {
    values[i] = Math.fround((from[i] ?? 0) - mean) / std; // rounded after each step, as float32 is
  }
  return ndarray(values, [...x.shape]);
}

/** The numbers in row-major order, whatever the array's strides. Copies only if it must. */
export function rowMajor<T extends Uint8Array | Float32Array>(array: NdArray<T>): T {
  const { data, offset, shape, stride, size } = array;
  const packed = shape.every((length, axis) => {
    const step = shape.slice(axis + 1).reduce((product, inner) => product * inner, 1);
    return length === 1 || stride[axis] === step;
  });
  if (packed) return data.subarray(offset, offset + size) as T;
  const values = (
    data instanceof Float32Array ? new Float32Array(size) : new Uint8Array(size)
  ) as T;
  for (let i = 0; i < size; i++) {
    let rest = i;
    let from = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const length = shape[axis] ?? 1;
      from += (rest % length) * (stride[axis] ?? 0);
      rest = Math.floor(rest / length);
    }
    values[i] = data[from] ?? NaN;
  }
  return values;
}
