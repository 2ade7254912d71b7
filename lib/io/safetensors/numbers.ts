/** Between a tensor's little-endian bytes and JavaScript's arrays of numbers. */

import { SafetensorsError } from './error';
import type { SafetensorsTensor } from './header';

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * The numbers of an F32, F16, BF16 or F64 tensor, as a new array. F16 and BF16 are exact; F64 is
 * rounded to the nearest float32.
 *
 * @param name is named in errors
 * @throws SafetensorsError UnsupportedDtype for another dtype; ValueOutOfRange if a finite F64 is too
 *   large for a float32
 */
export function toFloat32Array(tensor: SafetensorsTensor, name?: string): Float32Array {
  const bytes = ownBytes(tensor);
  switch (tensor.dtype) {
    case 'F32':
      return new Float32Array(bytes);
    case 'BF16':
      return widenBFloat16(new Uint16Array(bytes));
    case 'F16':
      return widenHalf(new Uint16Array(bytes));
    case 'F64':
      return narrowDoubles(new Float64Array(bytes), name);
    default:
      throw unsupported(tensor, 'F32, F16, BF16 or F64', name);
  }
}

/**
 * The numbers of an I32, I64, U8 or BOOL tensor, as a new array.
 *
 * @throws SafetensorsError UnsupportedDtype for another dtype; ValueOutOfRange if a number is outside
 *   the range of int32
 */
export function toInt32Array(tensor: SafetensorsTensor, name?: string): Int32Array {
  const bytes = ownBytes(tensor);
  switch (tensor.dtype) {
    case 'I32':
      return new Int32Array(bytes);
    case 'I64':
      return narrowIntegers(new BigInt64Array(bytes), name);
    case 'U8':
    case 'BOOL':
      return new Int32Array(new Uint8Array(bytes));
    default:
      throw unsupported(tensor, 'I32, I64, U8 or BOOL', name);
  }
}

/** An F32 tensor of these numbers; the bytes are a copy. `shape` is checked when it is written. */
export function fromFloat32Array(data: Float32Array, shape: readonly number[]): SafetensorsTensor {
  return { dtype: 'F32', shape: [...shape], data: littleEndianBytes(data) };
}

/** An I32 tensor of these numbers; the bytes are a copy. `shape` is checked when it is written. */
export function fromInt32Array(data: Int32Array, shape: readonly number[]): SafetensorsTensor {
  return { dtype: 'I32', shape: [...shape], data: littleEndianBytes(data) };
}

function littleEndianBytes(data: Float32Array | Int32Array): Uint8Array {
  const copy = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  if (!HOST_IS_LITTLE_ENDIAN) swapBytes(copy, 4);
  return copy;
}

/** A copy in the host's byte order: a view of the file need not be aligned for its numbers. */
function ownBytes({ data, dtype, shape }: SafetensorsTensor): ArrayBuffer {
  const copy = new Uint8Array(data.byteLength);
  copy.set(data);
  if (!HOST_IS_LITTLE_ENDIAN && data.byteLength > 0) {
    const width = data.byteLength / shape.reduce((product, size) => product * size, 1);
    if (dtype !== 'C64') swapBytes(copy, width);
  }
  return copy.buffer;
}

/** Turns the bytes of each number around. */
function swapBytes(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

// Loops, because the `from` of typed arrays is some twenty times slower.

/** A bfloat16 is the upper half of a float32. */
function widenBFloat16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) bits[i] = (halves[i] ?? 0) << 16;
  return new Float32Array(bits.buffer);
}

function widenHalf(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < floats.length; i++) floats[i] = halfToNumber(halves[i] ?? 0);
  return floats;
}

/** IEEE 754 binary16: 1 sign bit, 5 of exponent, 10 of fraction. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function narrowDoubles(doubles: Float64Array, name?: string): Float32Array {
  const floats = new Float32Array(doubles);
  const i = floats.findIndex(
    (float, at) => !Number.isFinite(float) && Number.isFinite(doubles[at]),
  );
  if (i >= 0) throw outOfRange(`${doubles[i]}`, i, 'a float32', name);
  return floats;
}

function narrowIntegers(integers: BigInt64Array, name?: string): Int32Array {
  const narrow = new Int32Array(integers.length);
  for (let i = 0; i < narrow.length; i++) {
    const value = integers[i] ?? 0n;
    narrow[i] = Number(value);
    if (BigInt(narrow[i] ?? 0) !== value) throw outOfRange(`${value}`, i, 'an int32', name);
  }
  return narrow;
}

function unsupported(tensor: SafetensorsTensor, expected: string, tensorName?: string) {
  const found = `${tensor.dtype} of shape [${tensor.shape.join(', ')}]`;
  return new SafetensorsError('UnsupportedDtype', { tensorName, expected, found });
}

function outOfRange(value: string, index: number, array: string, tensorName?: string) {
  return new SafetensorsError('ValueOutOfRange', {
    tensorName,
    expected: `numbers within the range of ${array}`,
    found: `${value} at position ${index}`,
  });
}
