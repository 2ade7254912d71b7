/**
 * Tensors and images at the end of a cell. The rule: numbers are shown as numbers, as torch prints them. Pictures beside them have
 * only what is laid out as images are here, at least 8 × 8 pixels: a tensor [N, H, W, C] of 1, 3 or 4 channels, and an ndarray
 * [N, H, W, C], [N, H, W] or [H, W, C]. Weights, which are records of `shape` and `data`, are none of these.
 */

import { tf } from '../backend';
import { imageGrid } from '../charts/image-grid';
import type { MimeBundle } from '../figure/display-handle';
import { extentOf } from '../figure/extent';
import { inFourAxes, type ImageBatch } from '../figure/images';
import { numbersOf } from '../images/view';
import { toFloat32Array, type SafetensorsTensor } from '../io/safetensors';
import { formatValues, sizeOf, type Values } from './numbers';
import { card, figureHtml, preformatted, type HtmlBundle } from './rich';

/** Numbers read from the device for a glance. */
const MOST_NUMBERS = 4_000_000;
/** Images that a picture of several shows. */
export const MOST_IMAGES = 16;
const LEAST_SIDE = 8;
const MOST_SIDE = 512;
const CHANNELS = [1, 3, 4];

export type TensorData = Values['data'];

const isFloat = (dtype: string) => /^(b?float|f\d|bf16|double)/i.test(dtype);

/** `tensor([1., 2.], shape=[2], dtype=float32)`, as `console.log` shows one. */
export function tensorText(shape: readonly number[], dtype: string, data: TensorData | undefined) {
  const facts = `shape=[${shape.join(', ')}], dtype=${dtype}`;
  if (!data) return `tensor(..., ${facts})`;
  const values = formatValues({ data, shape, floats: isFloat(dtype) }, 'tensor('.length);
  return `tensor(${values},${values.includes('\n') ? '\n       ' : ' '}${facts})`;
}

/** What can be said of numbers at a glance. */
function statistics(data: TensorData): Readonly<Record<string, unknown>> {
  if (!data.length || typeof data[0] !== 'number') return {};
  const numbers = data as ArrayLike<number>;
  const { low, high } = extentOf(numbers);
  let [sum, finite, nan] = [0, 0, 0];
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    if (Number.isNaN(value)) nan++;
    else if (Number.isFinite(value)) [sum, finite] = [sum + value, finite + 1];
  }
  return {
    ...(finite > 0 && { minimum: low, maximum: high, mean: sum / finite }),
    ...(nan > 0 && { NaN: nan }),
    ...(numbers.length - finite - nan > 0 && { infinite: numbers.length - finite - nan }),
  };
}

/** A heading, shape, type, range, and the numbers. */
export function valuesCard(
  title: string,
  shape: readonly number[],
  dtype: string,
  data: TensorData | undefined,
  more: readonly string[] = [],
): HtmlBundle {
  const facts = { shape, dtype, ...(data && statistics(data)) };
  const text = tensorText(shape, dtype, data);
  const bundle = card(title, facts, [...more, preformatted(text)]);
  return { ...bundle, 'text/plain': `${bundle['text/plain']}\n\n${text}` };
}

/** Why a shape [N, H, W, C] has no picture, or undefined if it has one. */
function noPicture([N = 0, H = 0, W = 0, C = 0]: readonly number[]): string | undefined {
  if (!CHANNELS.includes(C)) return `images have 1, 3 or 4 channels, this has ${C}`;
  if (N < 1 || H < 1 || W < 1) return 'there is no pixel in it';
  if (H < LEAST_SIDE || W < LEAST_SIDE) return `smaller than ${LEAST_SIDE} × ${LEAST_SIDE} pixels`;
  if (H > MOST_SIDE || W > MOST_SIDE) return `larger than ${MOST_SIDE} × ${MOST_SIDE} pixels`;
  return undefined;
}

/** So many images from the beginning, without a copy. */
export function firstImages(images: ImageBatch, count: number): ImageBatch {
  const shape = [count, ...images.shape.slice(1)];
  // An ndarray keeps these in its prototype or as its own: a spread would not copy all.
  const { data, stride, offset } = images;
  if (stride) return { data, stride, offset, shape };
  return { data: (data as Uint8Array).subarray(0, sizeOf(shape)), shape };
}

/** The picture of some images, black at the least value and white at the largest where they are not in [0, 1]. */
async function picture(images: ImageBatch): Promise<string> {
  const count = Math.min(images.shape[0] ?? 0, MOST_IMAGES);
  const shown = firstImages(images, count);
  const bytes = shown.data instanceof Uint8Array || shown.data instanceof Uint8ClampedArray;
  const { low, high } = bytes ? { low: 0, high: 1 } : extentOf(shown.data as ArrayLike<number>);
  if (Number.isNaN(low)) throw new Error('no pixel is a number');
  const range =
    low >= 0 && high <= 1
      ? undefined
      : low >= -1 && high <= 1
        ? [-1, 1]
        : [low, high > low ? high : low + 1];
  const valueRange = range as readonly [number, number] | undefined;
  const figure = imageGrid(shown, { columns: 8, ...(valueRange && { valueRange }) });
  const scale = range ? `, black ${range[0]}, white ${range[1]}` : '';
  return figureHtml(figure, `The first ${count} images${scale}`);
}

const typeName = (data: object) =>
  Array.isArray(data)
    ? 'float64'
    : data.constructor.name.replace(/(Clamped)?Array$/, '').toLowerCase();

/** An ndarray: images with their picture, or numbers, with one line that says why there is no picture. */
export async function imagesView(images: ImageBatch): Promise<MimeBundle> {
  const { data, shape } = images;
  const dtype = typeName(data);
  if (shape.length < 3 || shape.length > 4)
    return valuesCard('Array', shape, dtype, rowMajor(images));
  const full = inFourAxes(images);
  const reason = /^(uint8|float)/.test(dtype)
    ? noPicture(full.shape)
    : `pixels are bytes (Uint8Array) or floats, these are ${dtype}`;
  if (reason !== undefined) return withoutPicture(images, dtype, reason);
  try {
    return card('Images', { shape, dtype }, [await picture(full)]);
  } catch (error) {
    return withoutPicture(images, dtype, (error as Error).message);
  }
}

/** The numbers in row-major order, whatever the strides. */
function rowMajor({ data, shape, stride, offset = 0 }: ImageBatch): TensorData {
  return stride ? numbersOf({ data, shape, stride, offset }) : data;
}

function withoutPicture(images: ImageBatch, dtype: string, reason: string): MimeBundle {
  const few = sizeOf(images.shape) <= MOST_NUMBERS;
  const bundle = valuesCard('Array', images.shape, dtype, few ? rowMajor(images) : undefined);
  const line = `No picture: ${reason.replace(/\.$/, '')}.`;
  return {
    'text/html': `${bundle['text/html']}${preformatted(line)}`,
    'text/plain': `${bundle['text/plain']}\n${line}`,
  };
}

/** The numbers of a tensor, or undefined where they are not read: too many, complex, or none. */
const isRead = (tensor: tf.Tensor) => tensor.dtype !== 'complex64' && tensor.size <= MOST_NUMBERS;

const booleans = (tensor: tf.Tensor, data: ArrayLike<number | string>): TensorData =>
  tensor.dtype === 'bool' ? Array.from(data, Boolean) : data;

export async function tensorView(tensor: tf.Tensor): Promise<MimeBundle> {
  const title = tensor instanceof tf.Variable ? 'Variable' : 'Tensor';
  const { shape, dtype } = tensor;
  if (tensor.isDisposed) return card(`${title}, disposed`, { shape, dtype });
  if (!isRead(tensor)) return valuesCard(title, shape, dtype, undefined);
  const data = await tensor.data();
  const laidOut = dtype === 'float32' && shape.length === 4 && noPicture(shape) === undefined;
  const finite = laidOut && (data as Float32Array).every(Number.isFinite);
  const pictures = finite
    ? [await picture({ data: data as Float32Array, shape }).catch(() => '')]
    : [];
  return valuesCard(title, shape, dtype, booleans(tensor, data), pictures);
}

/** A tensor as `console.log` shows it: inside of another object only its shape and type, unless it is small. */
export function inspectTensor(tensor: tf.Tensor, nested: boolean): string {
  const { shape, dtype } = tensor;
  if (tensor.isDisposed) return `tensor(disposed, shape=[${shape.join(', ')}], dtype=${dtype})`;
  const read = isRead(tensor) && !(nested && tensor.size > 16);
  return tensorText(shape, dtype, read ? booleans(tensor, tensor.dataSync()) : undefined);
}

/** A weight on the host: a state dict's, or a safetensors file's. */
export interface HostValues {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>;
  readonly dtype?: string;
}

const INTEGERS = {
  ...{ I8: Int8Array, I16: Int16Array, I32: Int32Array, I64: BigInt64Array },
  ...{ BOOL: Uint8Array, U8: Uint8Array, U16: Uint16Array, U32: Uint32Array, U64: BigUint64Array },
} as const;

/** A safetensors tensor's numbers, or undefined for types that JavaScript has no numbers for. */
function decoded(tensor: SafetensorsTensor): TensorData | undefined {
  const { dtype, data } = tensor;
  if (dtype in INTEGERS) {
    const values = new INTEGERS[dtype as keyof typeof INTEGERS](Uint8Array.from(data).buffer);
    return dtype === 'BOOL' ? Array.from(values as Uint8Array, Boolean) : values;
  }
  return ['F16', 'BF16', 'F32', 'F64'].includes(dtype) ? toFloat32Array(tensor) : undefined;
}

/** dtype, shape and numbers of a weight. */
export function weightView({ shape, data, dtype }: HostValues): MimeBundle {
  const inFile = dtype !== undefined && data instanceof Uint8Array && dtype !== 'uint8';
  const values = inFile
    ? decoded({ shape, data, dtype } as SafetensorsTensor)
    : data.length === sizeOf(shape)
      ? data
      : undefined;
  return valuesCard('Weight', shape, dtype ?? typeName(data), values);
}
