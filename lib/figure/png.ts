/** Images to one picture: a grid with nearest-neighbour enlargement, and the PNG file format. */

import { PNG } from 'pngjs';
import { toPixels, type ImageBatch, type ImageReadOptions } from './images';

/** A picture: rows from the top, `channels` bytes a pixel (1 grey, 3 RGB, 4 RGBA). */
export interface Raster {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

export interface GridOptions extends ImageReadOptions {
  /** Images in a row. Default: all, at most 8. */
  readonly columns?: number;
  /** Each pixel becomes scale × scale pixels, never blurred. Default 1. */
  readonly scale?: number;
  /** Pixels between images and around them, after scaling. Default 2. */
  readonly padding?: number;
  /** Brightness of the padding, 0 black … 255 white. Default 255. */
  readonly padValue?: number;
}

// PNG's colour types: 0 grey, 2 RGB, 6 RGBA.
const COLOR_TYPES: Readonly<Record<number, 0 | 2 | 6>> = { 1: 0, 3: 2, 4: 6 };

function requireWhole(name: string, value: number, low: number, high = Infinity): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  const range = high === Infinity ? `of at least ${low}` : `from ${low} to ${high}`;
  throw new RangeError(`Expected ${name} to be a whole number ${range}, got ${value}.`);
}

/**
 * Encodes 8-bit pixels as a PNG file, losslessly.
 *
 * @param pixels rows from the top, `width * height * channels` bytes
 * @param channels 1 (grey), 3 (RGB) or 4 (RGBA)
 * @throws if the sizes do not fit the bytes
 */
export function encodePng(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: number,
): Buffer {
  requireWhole('width', width, 1);
  requireWhole('height', height, 1);
  const colorType = COLOR_TYPES[channels];
  if (colorType === undefined) {
    throw new Error(`Expected 1 (grey), 3 (RGB) or 4 (RGBA) channels, got ${channels}.`);
  }
  if (pixels.length !== width * height * channels) {
    throw new Error(
      `Expected ${width * height * channels} bytes for ${width}×${height} pixels of ` +
        `${channels} channels, got ${pixels.length}.`,
    );
  }
  const png = new PNG({ width, height });
  png.data = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.length);
  return PNG.sync.write(png, {
    colorType,
    inputColorType: colorType,
    inputHasAlpha: channels === 4,
    deflateLevel: 9,
  });
}

/** No viewer opens more; four bytes each, they take 400 MB. */
const MOST_PIXELS = 100e6;

/**
 * Lays a batch of images out in rows, as torchvision's `make_grid` does.
 *
 * @throws as `toPixels`, and if an option is not a whole number in its range
 */
export function imagesToGrid(images: ImageBatch, options: GridOptions = {}): Raster {
  const { scale = 1, padding = 2, padValue = 255 } = options;
  const { pixels, count, height, width, channels } = toPixels(images, options);
  const columns = Math.min(options.columns ?? 8, count);
  requireWhole('columns', options.columns ?? columns, 1);
  requireWhole('scale', scale, 1);
  requireWhole('padding', padding, 0);
  requireWhole('padValue', padValue, 0, 255);

  const cellWidth = width * scale + padding;
  const cellHeight = height * scale + padding;
  const gridWidth = columns * cellWidth + padding;
  const gridHeight = Math.ceil(count / columns) * cellHeight + padding;
  if (gridWidth * gridHeight > MOST_PIXELS) {
    throw new RangeError(
      `Expected a picture of at most ${MOST_PIXELS / 1e6} million pixels, got ${gridWidth} × ${gridHeight}: ` +
        'choose a smaller scale, or fewer images.',
    );
  }
  const grid = new Uint8Array(gridWidth * gridHeight * channels).fill(padValue);
  if (channels === 4) for (let i = 3; i < grid.length; i += 4) grid[i] = 255; // opaque padding

  for (let n = 0; n < count; n++) {
    const left = padding + (n % columns) * cellWidth;
    const top = padding + Math.floor(n / columns) * cellHeight;
    for (let y = 0; y < height * scale; y++) {
      const sourceRow = (n * height + Math.floor(y / scale)) * width;
      for (let x = 0; x < width * scale; x++) {
        const source = (sourceRow + Math.floor(x / scale)) * channels;
        const target = ((top + y) * gridWidth + left + x) * channels;
        grid.set(pixels.subarray(source, source + channels), target);
      }
    }
  }
  return { pixels: grid, width: gridWidth, height: gridHeight, channels };
}
