/** Reads the library's image batches (arrays, ndarrays, pipeline output) as 8-bit pixels. */
import { Image } from '../images/images';
import { shown } from '../options';

/**
 * A batch of images [N, H, W, C], or grey ones [N, H, W], or one image [H, W, C], in row-major order unless
 * `stride` and `offset` say otherwise, so that an `ndarray` is one too. Three axes are those of one image if the last could
 * be its channels: 1, 3 or 4 numbers behind a height and width of more.
 *
 * `data`: Uint8Array or Uint8ClampedArray in 0…255, or floats in [0, 1] (another range: see
 * `valueRange`).
 */
export interface ImageBatch {
  readonly data: Float32Array | Float64Array | Uint8Array | Uint8ClampedArray | readonly number[];
  readonly shape: readonly number[];
  readonly stride?: readonly number[];
  readonly offset?: number;
}

/** Images as a tensor of tfjs, of the same shapes; floats. */
export interface ImageTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array | Int32Array | Uint8Array;
}

export interface ImageReadOptions {
  /**
   * Which floats are black and white, for example [-1, 1]; values outside are clamped. Default: [0, 1], and values outside
   * are refused.
   */
  readonly valueRange?: readonly [number, number];
}

/** Images as bytes, [count, height, width, channels] in row-major order. */
export interface PixelBatch {
  readonly pixels: Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

const ROUNDING = 1e-4; // float32 noise beyond [0, 1] is no sign of another range

/** Whether these are the numbers of one image, without a first axis for several. */
function isOneImage(images: ImageBatch): boolean {
  if (images instanceof Image) return true;
  const { shape } = images;
  const [height = 0, width = 0, channels = 0] = shape;
  return shape.length === 3 && [1, 3, 4].includes(channels) && height > 4 && width > 4;
}

/** Images of three axes with a fourth, of length 1: of images for [H, W, C], of channels for [N, H, W]. */
export function inFourAxes(images: ImageBatch): ImageBatch {
  const { data, shape, stride, offset } = images;
  if (shape.length !== 3) return { data, shape, stride, offset };
  const single = isOneImage(images);
  const add = (list: readonly number[], value: number) =>
    single ? [value, ...list] : [...list, value];
  return { data, shape: add(shape, 1), stride: stride && add(stride, 0), offset };
}

/** @param full the same in four axes */
function dimensions({ shape }: ImageBatch, full: ImageBatch): [number, number, number, number] {
  const [count = 0, height = 0, width = 0, channels = 0] = full.shape;
  const whole = shape.every((size) => Number.isInteger(size) && size > 0);
  if ((shape.length !== 3 && shape.length !== 4) || !whole) {
    throw new Error(
      `Expected images of shape [N, H, W, C] or [N, H, W], or one [H, W, C], all at least 1, ` +
        `got [${shape.join(', ')}].`,
    );
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new Error(
      `Expected 1 (grey), 3 (RGB) or 4 (RGBA) channels, got ${channels} in [${shape.join(', ')}].`,
    );
  }
  return [count, height, width, channels];
}

function isBytes(data: ImageBatch['data']): boolean {
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray) return true;
  if (data instanceof Float32Array || data instanceof Float64Array || Array.isArray(data)) {
    return false;
  }
  const name = (data as object | null | undefined)?.constructor?.name ?? String(data);
  throw new TypeError(`Expected pixels as Uint8Array (0…255) or floats, got ${name}.`);
}

/** The map from a value to 0…255. */
function toByte(bytes: boolean, valueRange: readonly [number, number] | undefined) {
  if (bytes) {
    if (!valueRange) return (value: number) => value;
    throw new Error('Expected no valueRange with byte pixels, which are in 0…255.');
  }
  const [low, high] = valueRange ?? [0, 1];
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
    throw new RangeError(`Expected valueRange [low, high] with low < high, got [${low}, ${high}].`);
  }
  return (value: number, index: number) => {
    if (Number.isNaN(value)) throw new RangeError(`Expected numbers, got NaN at index ${index}.`);
    const unit = (value - low) / (high - low);
    if (!valueRange && (unit < -ROUNDING || unit > 1 + ROUNDING)) {
      throw new RangeError(
        `Expected pixels in [0, 1], got ${value} at index ${index}. ` +
          'Say which values are black and white, for example valueRange: [-1, 1].',
      );
    }
    return Math.round(255 * Math.min(1, Math.max(0, unit)));
  };
}

/** Images as numbers and their shape; a tensor is read. */
function readable(given: ImageBatch | ImageTensor): ImageBatch {
  const { shape } = (given ?? {}) as Partial<ImageBatch>;
  if (!Array.isArray(shape))
    throw new TypeError(
      `Expected images: a batch with data and shape, an ndarray or a tensor, got ${shown(given)}.`,
    );
  if (!('dataSync' in given)) return given;
  const data = given.dataSync();
  return { data: data instanceof Int32Array ? Float32Array.from(data) : data, shape: given.shape };
}

/**
 * Copies a batch to bytes, in row-major order.
 *
 * @throws if the shape is none of these, or has other than 1, 3 or 4 channels, if the data are
 * too few, NaN, of another type, or outside [0, 1] with no `valueRange` given
 */
export function toPixels(
  given: ImageBatch | ImageTensor,
  options: ImageReadOptions = {},
): PixelBatch {
  const images = readable(given);
  const full = inFourAxes(images);
  const [count, height, width, channels] = dimensions(images, full);
  const { data, offset = 0 } = images;
  const convert = toByte(isBytes(data), options.valueRange);
  const [sN = 0, sH = 0, sW = 0, sC = 0] = full.stride ?? [
    height * width * channels,
    width * channels,
    channels,
    1,
  ];
  if (!images.stride && data.length !== count * height * width * channels) {
    throw new Error(
      `Expected ${count * height * width * channels} values for shape ` +
        `[${images.shape.join(', ')}], got ${data.length}.`,
    );
  }
  const pixels = new Uint8Array(count * height * width * channels);
  let at = 0;
  for (let n = 0; n < count; n++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          const index = offset + n * sN + y * sH + x * sW + c * sC;
          pixels[at++] = convert(data[index] ?? NaN, index);
        }
      }
    }
  }
  return { pixels, count, height, width, channels };
}
