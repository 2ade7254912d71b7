/**
 * Pillow's resizing of 8-bit images, to the last bit (src/libImaging/Resample.c of version 13): two passes, with
 * weights in fixed point and rounded to bytes in between. An image that gets smaller is filtered over all of its pixels
 * (antialiased), as Pillow and torchvision do.
 */

/** Pillow's names of its filters (`Image.Resampling`). */
export type Interpolation = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

interface Kernel {
  /** Half of its width, in pixels of the larger image. */
  readonly support: number;
  readonly weight: (x: number) => number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

function hamming(at: number): number {
  const x = Math.abs(at) * Math.PI;
  if (x === 0) return 1;
  return x >= Math.PI ? 0 : (Math.sin(x) / x) * (0.54 + 0.46 * Math.cos(x));
}

/** By Keys with a = −0.5, as Pillow; other libraries take −0.75. */
function bicubic(at: number): number {
  const a = -0.5;
  const x = Math.abs(at);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

const KERNELS: Readonly<Record<Exclude<Interpolation, 'nearest'>, Kernel>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

export const INTERPOLATIONS: readonly Interpolation[] = [
  'nearest',
  'box',
  'bilinear',
  'hamming',
  'bicubic',
  'lanczos',
];

/** Bits behind the point: 32, less 8 of the pixel and 2 for weights beyond 1. */
const PRECISION_BITS = 32 - 8 - 2;

/** Which pixels make each pixel of a line, and with what weights. */
interface Weights {
  /** Where the pixels begin. */
  readonly first: Int32Array;
  /** How many they are. */
  readonly count: Int32Array;
  /** `width` for each, fixed point. */
  readonly weights: Int32Array;
  readonly width: number;
}

function weightsOf(from: number, to: number, { support, weight }: Kernel): Weights {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const reach = support * filterScale;
  const width = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * width);
  const line = new Float64Array(width);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - reach + 0.5));
    const high = Math.min(from, Math.trunc(centre + reach + 0.5));
    let sum = 0;
    for (let x = 0; x < high - low; x++) {
      line[x] = weight((x + low - centre + 0.5) * (1 / filterScale));
      sum += line[x]!;
    }
    for (let x = 0; x < high - low; x++) {
      const share = (sum === 0 ? line[x]! : line[x]! / sum) * 2 ** PRECISION_BITS;
      weights[i * width + x] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    }
    first[i] = low;
    count[i] = high - low;
  }
  return { first, count, weights, width };
}

const clipped = (sum: number) => Math.min(255, Math.max(0, sum >> PRECISION_BITS));
const HALF = 2 ** (PRECISION_BITS - 1);

/** An image's bytes, [height, width, channels], row-major. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The rows `from` (inclusive) to `to`, each `width` wide. */
function horizontally(image: Pixels, width: number, kernel: Kernel): Pixels {
  const { data, height, channels } = image;
  const { first, count, weights, width: room } = weightsOf(image.width, width, kernel);
  const out = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = (y * image.width + first[x]!) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = HALF;
        for (let k = 0; k < count[x]!; k++) {
          sum += data[start + k * channels + c]! * weights[x * room + k]!;
        }
        out[(y * width + x) * channels + c] = clipped(sum);
      }
    }
  }
  return { data: out, height, width, channels };
}

function vertically(image: Pixels, height: number, kernel: Kernel): Pixels {
  const { data, width, channels } = image;
  const { first, count, weights, width: room } = weightsOf(image.height, height, kernel);
  const row = width * channels;
  const out = new Uint8Array(height * row);
  const sums = new Int32Array(row);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let k = 0; k < count[y]!; k++) {
      const start = (first[y]! + k) * row;
      const weight = weights[y * room + k]!;
      for (let i = 0; i < row; i++) sums[i]! += data[start + i]! * weight;
    }
    for (let i = 0; i < row; i++) out[y * row + i] = clipped(sums[i]!);
  }
  return { data: out, height, width, channels };
}

/** For each place of a line, the nearest of the other; summed up as Pillow does, so that ties fall the same way. */
function nearest(from: number, to: number): Int32Array {
  const places = new Int32Array(to);
  const scale = from / to;
  let at = scale * 0.5;
  for (let i = 0; i < to; i++, at += scale) places[i] = Math.min(from - 1, Math.trunc(at));
  return places;
}

function byNearest({ data, height, width, channels }: Pixels, h: number, w: number): Pixels {
  const [rows, columns] = [nearest(height, h), nearest(width, w)];
  const out = new Uint8Array(h * w * channels);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const start = (rows[y]! * width + columns[x]!) * channels;
      for (let c = 0; c < channels; c++) out[(y * w + x) * channels + c] = data[start + c]!;
    }
  }
  return { data: out, height: h, width: w, channels };
}

/** Pillow's `Image.resize((width, height), resample)` of an image of mode L or RGB. */
export function resample(
  image: Pixels,
  height: number,
  width: number,
  interpolation: Interpolation,
): Pixels {
  if (height === image.height && width === image.width) return image;
  if (interpolation === 'nearest') return byNearest(image, height, width);
  const kernel = KERNELS[interpolation];
  const across = (of: Pixels) => (width === of.width ? of : horizontally(of, width, kernel));
  const down = (of: Pixels) => (height === of.height ? of : vertically(of, height, kernel));
  // Before Pillow 13, always across first; a result may then differ by one in 255.
  const lost = image.height - height;
  const isDownFirst = lost > 0 && lost > 2 * (image.width - width);
  return isDownFirst ? across(down(image)) : down(across(image));
}
