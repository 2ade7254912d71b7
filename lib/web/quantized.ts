/**
 * Weights of one byte each: int8 with a scale for each row of a matrix (the first axis in torch's layout: an output, or a token),
 * symmetric and rounded to the nearest, as compressed-tensors' `int-quantized` by channel, whose names these are:
 * `weight` and `weight_scale`. Vectors (biases, norms) are float16.
 */

import type { SafetensorsTensor } from '../io/safetensors/header';
import { nearestEven, toHalf } from '../io/safetensors/half';
import { toFloat32Array } from '../io/safetensors/numbers';
import type { HostTensor } from '../nn/state-dict';

/** How weights are kept in a page's folder. */
export type WeightFormat = 'float32' | 'float16' | 'int8';

export const WEIGHT_FORMATS: readonly WeightFormat[] = ['float16', 'int8', 'float32'];

const SCALE = '_scale';
const TOP = 127;

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength).slice();

/** A tensor of a state dict as the tensors of a file that hold it. */
export function packed(
  name: string,
  { shape, data }: HostTensor,
  format: WeightFormat,
): [string, SafetensorsTensor][] {
  if (format === 'float32') return [[name, { dtype: 'F32', shape, data: bytesOf(data) }]];
  if (format === 'float16' || shape.length < 2) {
    return [[name, { dtype: 'F16', shape, data: bytesOf(toHalf(data)) }]];
  }
  const rows = shape[0]!;
  const width = data.length / rows;
  const numbers = new Int8Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const values = data.subarray(row * width, (row + 1) * width);
    const scale = Math.fround(values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / TOP);
    scales[row] = scale;
    if (scale > 0) {
      values.forEach((x, i) => {
        numbers[row * width + i] = Math.max(-TOP, Math.min(TOP, nearestEven(x / scale)));
      });
    }
  }
  return [
    [name, { dtype: 'I8', shape, data: bytesOf(numbers) }],
    [name + SCALE, { dtype: 'F32', shape: [rows], data: bytesOf(scales) }],
  ];
}

/**
 * The weights of a file as float32, whatever they are kept as.
 *
 * @throws SafetensorsError for another dtype; Error if a matrix of int8 has no scale for each row
 */
export function unpacked(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  fileName: string,
): Map<string, HostTensor> {
  const weights = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) {
    const owner = name.endsWith(SCALE) ? tensors.get(name.slice(0, -SCALE.length)) : undefined;
    if (owner?.dtype === 'I8') continue;
    const { dtype, shape } = tensor;
    if (dtype !== 'I8') {
      weights.set(name, { shape, data: toFloat32Array(tensor, name) });
      continue;
    }
    const scale = tensors.get(name + SCALE);
    if (scale === undefined || scale.shape.length !== 1 || scale.shape[0] !== shape[0]) {
      throw new Error(
        `${fileName}: expected ${name}${SCALE} with a number for each of ${shape[0] ?? 0} rows, got ` +
          `${scale ? `[${scale.shape.join(', ')}]` : 'nothing'}. The file is damaged, or of another program.`,
      );
    }
    weights.set(name, { shape, data: multiplied(tensor, toFloat32Array(scale, name + SCALE)) });
  }
  return weights;
}

function multiplied({ data: bytes }: SafetensorsTensor, scales: Float32Array): Float32Array {
  const numbers = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = numbers.length / scales.length;
  const out = new Float32Array(numbers.length);
  for (let row = 0, i = 0; row < scales.length; row++) {
    const scale = scales[row]!;
    for (const end = i + width; i < end; i++) out[i] = numbers[i]! * scale;
  }
  return out;
}
