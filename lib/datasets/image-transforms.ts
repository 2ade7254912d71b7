/** torchvision's transforms of images, as of PIL images of mode L and RGB: bytes in, bytes out. */
import ndarray, { type NdArray } from 'ndarray';
import { checkOptions, isCount, isShare, shown } from '../options';
import { uniform } from '../random/philox';
import { roundHalfToEven } from '../rounding';
import { INTERPOLATIONS, resample, type Interpolation, type Pixels } from './resample';
import { rowMajor } from './transforms';

/** [H, W] or [H, W, C], 0 to 255. */
export type ImageArray = NdArray<Uint8Array>;

/** Two int32 that decide what is random: `new Generator(seed).stream(name).at(position)`. */
export type ImageKey = readonly [number, number];

/** From an image to an image of the same rank. A transform that draws needs a key; the others ignore it. */
export interface ImageTransform {
  forward(image: ImageArray, key?: ImageKey): ImageArray;
}

/** One number for a square, or [height, width]. */
export type ImageSize = number | readonly [number, number];

const isSize = (value: unknown) =>
  isCount(value) || (Array.isArray(value) && value.length === 2 && value.every(isCount));
export const SIZE_RULE = [
  'a number of pixels or [height, width], integers of 1 or more',
  isSize,
] as const;

const pair = (size: ImageSize): readonly [number, number] =>
  typeof size === 'number' ? [size, size] : size;

function pixelsOf(owner: string, image: ImageArray): Pixels {
  const { shape } = image;
  const [height = 0, width = 0, channels = 1] = shape;
  if ((shape.length !== 2 && shape.length !== 3) || height * width * channels === 0) {
    throw new RangeError(
      `${owner}: expected one image [H, W] or [H, W, C] with at least one pixel, got [${shape.join(', ')}].`,
    );
  }
  return { data: rowMajor(image), height, width, channels };
}

const imageOf = ({ data, height, width, channels }: Pixels, like: ImageArray): ImageArray =>
  ndarray(data, like.shape.length === 2 ? [height, width] : [height, width, channels]);

/** What is outside of the image is black. */
function cropped(image: Pixels, top: number, left: number, height: number, width: number): Pixels {
  const { channels } = image;
  const data = new Uint8Array(height * width * channels);
  const from = Math.max(0, left);
  const to = Math.min(image.width, left + width);
  for (let y = Math.max(0, top); y < Math.min(image.height, top + height); y++) {
    const row = image.data.subarray(
      (y * image.width + from) * channels,
      (y * image.width + to) * channels,
    );
    data.set(row, ((y - top) * width + from - left) * channels);
  }
  return { data, height, width, channels };
}

export const INTERPOLATION_RULE = [
  `one of ${INTERPOLATIONS.join(', ')}`,
  (value: unknown) => INTERPOLATIONS.includes(value as Interpolation),
] as const;

export interface ResizeOptions {
  /** Default: `bilinear`, as torchvision's. */
  readonly interpolation?: Interpolation | undefined;
}

/**
 * Resizes as torchvision's `Resize` does a PIL image, equal to the bit: [height, width] exactly, or one number for the
 * shorter side, where the longer one is rounded down. Antialiased.
 */
export class Resize implements ImageTransform {
  readonly interpolation: Interpolation;

  /** @throws RangeError for a size or an interpolation that is none */
  constructor(
    readonly size: ImageSize,
    options: ResizeOptions = {},
  ) {
    const all = checkOptions<{ size: ImageSize; interpolation: Interpolation }>(
      'Resize',
      { size, ...options },
      { interpolation: 'bilinear' },
      { size: SIZE_RULE, interpolation: INTERPOLATION_RULE },
    );
    this.interpolation = all.interpolation;
  }

  /** @returns [height, width] of the resized image */
  outputSize(height: number, width: number): readonly [number, number] {
    const { size } = this;
    if (typeof size !== 'number') return size;
    return width <= height
      ? [Math.trunc((size * height) / width), size]
      : [size, Math.trunc((size * width) / height)];
  }

  /** @throws RangeError unless it is one image */
  forward(image: ImageArray): ImageArray {
    const pixels = pixelsOf('Resize', image);
    const [height, width] = this.outputSize(pixels.height, pixels.width);
    return imageOf(resample(pixels, height, width, this.interpolation), image);
  }
}

/** The middle of an image, as torchvision's `CenterCrop`; a smaller one gets a black border. */
export class CenterCrop implements ImageTransform {
  /** @throws RangeError for a size that is none */
  constructor(readonly size: ImageSize) {
    checkOptions('CenterCrop', { size }, {}, { size: SIZE_RULE });
  }

  /** @throws RangeError unless it is one image */
  forward(image: ImageArray): ImageArray {
    const pixels = pixelsOf('CenterCrop', image);
    const [height, width] = pair(this.size);
    const place = (have: number, want: number) =>
      // torchvision pads first, with the odd pixel behind, and rounds only what it crops.
      want > have ? -Math.floor((want - have) / 2) : roundHalfToEven((have - want) / 2);
    const [top, left] = [place(pixels.height, height), place(pixels.width, width)];
    return imageOf(cropped(pixels, top, left, height, width), image);
  }
}

/** A part of an image at a random place, as torchvision's `RandomCrop`. */
export class RandomCrop implements ImageTransform {
  /** @throws RangeError for a size that is none */
  constructor(readonly size: ImageSize) {
    checkOptions('RandomCrop', { size }, {}, { size: SIZE_RULE });
  }

  /** @throws RangeError unless it is one image, not smaller than the part; TypeError without a key */
  forward(image: ImageArray, key?: ImageKey): ImageArray {
    const pixels = pixelsOf('RandomCrop', image);
    const [height, width] = pair(this.size);
    if (pixels.height < height || pixels.width < width) {
      throw new RangeError(
        `RandomCrop: expected an image of at least ${height} × ${width} (height × width), got ` +
          `${pixels.height} × ${pixels.width}. Resize it first, or take CenterCrop.`,
      );
    }
    const [down = 0, right = 0] = uniform(needed('RandomCrop', key), 2);
    const top = Math.floor(down * (pixels.height - height + 1));
    const left = Math.floor(right * (pixels.width - width + 1));
    return imageOf(cropped(pixels, top, left, height, width), image);
  }
}

/** Mirrors an image with a probability, as torchvision's `RandomHorizontalFlip`. It is wrong for digits, text, "left". */
export class RandomHorizontalFlip implements ImageTransform {
  /** @throws RangeError unless p is a share */
  constructor(readonly p = 0.5) {
    checkOptions('RandomHorizontalFlip', { p }, {}, { p: ['a share from 0 to 1', isShare] });
  }

  /** @throws RangeError unless it is one image; TypeError without a key */
  forward(image: ImageArray, key?: ImageKey): ImageArray {
    const { data, height, width, channels } = pixelsOf('RandomHorizontalFlip', image);
    if (uniform(needed('RandomHorizontalFlip', key), 1)[0]! >= this.p) return image;
    const out = new Uint8Array(data.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          out[(y * width + x) * channels + c] = data[(y * width + width - 1 - x) * channels + c]!;
        }
      }
    }
    return imageOf({ data: out, height, width, channels }, image);
  }
}

/** Transforms one after the other, as torchvision's `Compose`. */
export class Compose implements ImageTransform {
  /** @throws TypeError if they are no list of transforms */
  constructor(readonly transforms: readonly ImageTransform[]) {
    if (
      Array.isArray(transforms) &&
      transforms.every(({ forward }) => typeof forward === 'function')
    )
      return;
    throw new TypeError(`Compose: expected a list of transforms, got ${shown(transforms)}.`);
  }

  /** The key of the transform at place i is `key` moved on by i, so that two of a kind draw different numbers. */
  forward(image: ImageArray, key?: ImageKey): ImageArray {
    return this.transforms.reduce(
      (done, transform, i) =>
        transform.forward(done, key && [(key[0] + Math.imul(0x9e3779b9, i)) | 0, key[1]]),
      image,
    );
  }
}

function needed(owner: string, key: ImageKey | undefined): ImageKey {
  if (key !== undefined) return key;
  throw new TypeError(
    `${owner}: expected a key to draw by, got none. Pass new Generator(seed).stream('augmentation').at(position).`,
  );
}
