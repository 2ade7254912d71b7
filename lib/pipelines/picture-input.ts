/** Pictures and masks that are given to a sampling, checked, as tensors. */
import type { NdArray } from 'ndarray';
import { tf } from '../backend';
import { rowMajor } from '../datasets/transforms';
import { latentShape, type LatentConfig } from './latents';
import type { Codec } from '../models/codec';

/** Numbers from 0 to 1, or bytes from 0 to 255. */
export type PictureArray = NdArray<Float32Array> | NdArray<Uint8Array>;

/** Pictures on the host, row by row. */
export interface GivenPictures {
  /** 0 to 1. */
  readonly data: Float32Array;
  /** [N, H, W, C] */
  readonly shape: readonly [number, number, number, number];
}

interface ArrayLikeNd {
  readonly data: unknown;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

function isArray(value: unknown): value is ArrayLikeNd {
  if (typeof value !== 'object' || value === null || value instanceof tf.Tensor) return false;
  const { data, shape, stride, offset } = value as Partial<ArrayLikeNd>;
  return (
    data !== undefined &&
    Array.isArray(shape) &&
    Array.isArray(stride) &&
    typeof offset === 'number'
  );
}

function kindOf(value: unknown): string {
  if (value instanceof tf.Tensor) return `a tensor [${(value as tf.Tensor).shape.join(', ')}]`;
  if (isArray(value)) return `an array of ${(value.data as object).constructor.name}`;
  if (typeof value === 'object' && value !== null) return `${value.constructor?.name ?? 'object'}`;
  return String(value);
}

/** From 0 to 1, row by row, whatever the array's strides. */
function unitNumbers(
  what: string,
  value: unknown,
): { data: Float32Array; shape: readonly number[] } {
  if (
    !isArray(value) ||
    !(value.data instanceof Float32Array || value.data instanceof Uint8Array)
  ) {
    throw new TypeError(
      `${what}: expected an ndarray or Images with numbers from 0 to 1, or bytes, got ${kindOf(value)}.`,
    );
  }
  const array = value as unknown as NdArray<Float32Array>;
  const numbers: Float32Array | Uint8Array = rowMajor(array);
  if (numbers instanceof Uint8Array) {
    return {
      data: Float32Array.from(numbers as Uint8Array, (byte: number) => byte / 255),
      shape: value.shape,
    };
  }
  let [least, most, isNumber] = [Infinity, -Infinity, true];
  for (const x of numbers) {
    if (!Number.isFinite(x)) isNumber = false;
    least = Math.min(least, x);
    most = Math.max(most, x);
  }
  if (!isNumber)
    throw new RangeError(`${what}: expected numbers from 0 to 1, got NaN or infinity.`);
  if (least < 0 || most > 1) {
    const hint =
      least >= -1 && most <= 1
        ? ' From −1 to 1? Then give (x + 1) / 2.'
        : most > 1 && most <= 255 && least >= 0
          ? ' Bytes? Then give a Uint8Array.'
          : '';
    throw new RangeError(`${what}: expected numbers from 0 to 1, got ${least} to ${most}.${hint}`);
  }
  return { data: numbers, shape: value.shape };
}

/**
 * @param image [H, W], [N, H, W], [H, W, C] or [N, H, W, C] (of rank 3 the one that has the model's channels last is one
 *   picture)
 * @throws TypeError or RangeError for another type, rank, range or number of channels
 */
export function givenPictures(image: unknown, channels: number): GivenPictures {
  const { data, shape } = unitNumbers('image', image);
  const [a = 0, b = 0, c = 0, d = 0] = shape;
  const shapes: Record<number, readonly [number, number, number, number]> = {
    2: [1, a, b, 1],
    3: c === channels ? [1, a, b, c] : [a, b, c, 1],
    4: [a, b, c, d],
  };
  const full = shapes[shape.length];
  const list = `[${shape.join(', ')}]`;
  if (!full || full.some((size) => size < 1)) {
    throw new RangeError(`image: expected [H, W], [N, H, W] or [N, H, W, C], got ${list}.`);
  }
  if (full[3] !== channels) {
    throw new RangeError(
      `image: expected ${channels} channel${channels === 1 ? '' : 's'}, as the model has, got ${list}.`,
    );
  }
  return { data, shape: full };
}

/**
 * @param size the option `size`: what the picture is meant to have
 * @throws RangeError if the pictures are not of the size that the model is trained on, and no `size` says that this is meant
 */
export function checkPictureSize(
  { shape: [, H, W, C] }: GivenPictures,
  config: LatentConfig,
  codec: Codec,
  size: readonly [number, number] | undefined,
): void {
  if (size) {
    if (size[0] === H && size[1] === W) return;
    throw new RangeError(
      `image: expected ${size.join(' × ')} pixels, as size says, got ${H} × ${W}.`,
    );
  }
  if (config.sample_size === null) return;
  const [, h, w] = latentShape(config, codec, 1, undefined);
  const [oh, ow] = codec.latentShape([H, W, C]);
  if (oh === h && ow === w) return;
  throw new RangeError(
    `image: expected a picture of the size that the model is trained on (${h} × ${w} of what is diffused), got ` +
      `${H} × ${W} pixels. Resize it, or pass size: [${H}, ${W}] if it is meant so.`,
  );
}

/**
 * A mask as 0 and 1: from 0.5 on 1, as diffusers.
 *
 * @param mask [H, W], [N, H, W] or [N, H, W, 1]; 1 (white) is drawn anew, 0 (black) is kept
 * @param pictures what it is for: as many masks, or one for all
 * @throws TypeError or RangeError for another type, shape or range, or if it keeps everything
 */
export function givenMask(mask: unknown, { shape: [N, H, W] }: GivenPictures): GivenPictures {
  const { data, shape } = unitNumbers('mask', mask);
  const list = `[${shape.join(', ')}]`;
  const full =
    shape.length === 2
      ? [1, ...shape, 1]
      : shape.length === 3
        ? shape[2] === 1 && shape[0] === H && shape[1] === W
          ? [1, ...shape]
          : [...shape, 1]
        : [...shape];
  const fits =
    full.length === 4 &&
    (full[0] === 1 || full[0] === N) &&
    full[1] === H &&
    full[2] === W &&
    full[3] === 1;
  if (!fits) {
    throw new RangeError(
      `mask: expected [${H}, ${W}], the picture's height and width, or [${N}, ${H}, ${W}], a mask for each, got ${list}.`,
    );
  }
  const binary = data.map((x) => (x < 0.5 ? 0 : 1));
  if (!binary.includes(1)) {
    throw new RangeError(
      'mask: expected a part to draw anew (1, white), got one that keeps everything (0, black).',
    );
  }
  return { data: binary, shape: full as unknown as GivenPictures['shape'] };
}

/** Rows of pictures, by their places, on the host. */
export function rowsOf({ data, shape }: GivenPictures, places: readonly number[]): GivenPictures {
  const [, H, W, C] = shape;
  const size = H * W * C;
  const rows = new Float32Array(places.length * size);
  places.forEach((place, i) => rows.set(data.subarray(place * size, (place + 1) * size), i * size));
  return { data: rows, shape: [places.length, H, W, C] };
}

/** As a tensor, which the caller disposes. */
export function tensorOf({ data, shape }: GivenPictures): tf.Tensor4D {
  return tf.tensor4d(data, [...shape]);
}

/**
 * Prompts for pictures: one text for all, or as many as there are pictures, or one picture for all texts.
 *
 * @returns the prompts, one for each picture, before `numImagesPerPrompt`, and `placesOf`: the picture that each image of the
 *   output is made of
 * @throws RangeError if the numbers do not fit
 */
export function promptsFor(
  prompt: string | readonly string[],
  pictures: number,
): { readonly texts: string | readonly string[]; readonly placesOf: (count: number) => number[] } {
  const count = Array.isArray(prompt) ? prompt.length : 1;
  const isText = typeof prompt === 'string';
  const texts =
    pictures > 1 && count === 1
      ? Array<string>(pictures).fill([prompt].flat()[0] as string)
      : prompt;
  const given =
    isText || !Array.isArray(texts) ? (Array.isArray(texts) ? texts.length : 1) : texts.length;
  if (pictures !== 1 && pictures !== given) {
    throw new RangeError(
      `image: expected one picture, or one for each of ${given} prompts, got ${pictures}.`,
    );
  }
  const placesOf = (images: number) =>
    Array.from({ length: images }, (_, i) =>
      pictures === 1 ? 0 : Math.floor(i / (images / given)),
    );
  return { texts, placesOf };
}
