/** Files of images to bytes of pixels, by sharp. */
import ndarray from 'ndarray';
import sharp from 'sharp';
import type { ImageArray } from '../datasets/image-transforms';
import { isWholeNumber } from '../options';
import { LIMITS } from './limits';

/** Three numbers from 0 to 255. */
export type Colour = readonly [number, number, number];

const isByte = (value: unknown) => isWholeNumber(value) && value >= 0 && value <= 255;
export const COLOUR_RULE = [
  'three integers from 0 to 255',
  (value: unknown) => Array.isArray(value) && value.length === 3 && value.every(isByte),
] as const;

export interface DecodeOptions {
  /** 3 for RGB, 1 for grey (Pillow's mode L). */
  readonly channels: 1 | 3;
  /** What lies behind a transparent image. */
  readonly background: Colour;
}

/** An image that cannot be decoded. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  constructor(
    readonly expected: string,
    readonly found: string,
    cause?: unknown,
  ) {
    super(`expected ${expected}, found ${found}`, { cause });
  }
}

/** What is decoded, by the bytes that it begins with. SVG and PDF are programs, and not among them. */
const FORMATS: readonly (readonly [name: string, begins: RegExp])[] = [
  ['PNG', /^\x89PNG\r\n[^]\n/],
  ['JPEG', /^\xff\xd8\xff/],
  ['GIF', /^GIF8[79]a/],
  ['WebP', /^RIFF[^]{4}WEBP/],
  ['TIFF', /^(II\*\0|MM\0\*|II\+\0|MM\0\+)/],
  ['AVIF', /^[^]{4}ftypavi[fs]/],
];
const NAMES = FORMATS.map(([name]) => name).join(', ');

/** The format's name, or undefined. */
export function formatOf(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16));
  return FORMATS.find(([, begins]) => begins.test(start.toString('latin1')))?.[0];
}

function beginning(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const start = Buffer.from(bytes.subarray(0, 16));
  const text = start.toString('latin1');
  return /^[\x20-\x7e\r\n\t]*$/.test(text)
    ? `a file that begins with ${JSON.stringify(text)}`
    : `a file that begins with the bytes ${start.subarray(0, 8).toString('hex')}`;
}

/** Each image is decoded once: what libvips keeps of it would only take memory. */
sharp.cache(false);
/** Pictures are decoded side by side, each in one thread. */
sharp.concurrency(1);

function open(bytes: Uint8Array) {
  return sharp(bytes, {
    limitInputPixels: LIMITS.imagePixels,
    failOn: 'warning',
    animated: false, // of an animated one the first frame
  });
}

/** Why an image could not be decoded: its header, which is read first, says a size beyond the limit, or it is not whole. */
async function refusal(bytes: Uint8Array, format: string, cause: unknown): Promise<DecodeError> {
  const header = sharp(bytes, { limitInputPixels: false, animated: false }).metadata();
  const { width, height } = await header.catch(() => ({ width: 0, height: 0 }));
  if (width * height > LIMITS.imagePixels) {
    const found = `${width} × ${height} (width × height) in its header`;
    return new DecodeError(`an image of at most ${LIMITS.imagePixels} pixels`, found, cause);
  }
  return new DecodeError(`a whole ${format} image`, reasonOf(cause), cause);
}

const reasonOf = (error: unknown) =>
  `one that cannot be decoded (${String((error as Error).message)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 160)})`;

/** Pillow's `convert('L')`: ITU-R 601-2 in fixed point. */
function grey(rgb: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length / 3);
  for (let i = 0; i < out.length; i++) {
    const [r = 0, g = 0, b = 0] = [rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]];
    out[i] = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
  }
  return out;
}

/**
 * Decodes an image of any of the formats: turned as its EXIF says, in sRGB with 8 bits, transparency laid onto the
 * background, of an animated one the first frame.
 *
 * @returns [H, W, 3] or [H, W, 1]
 * @throws DecodeError if it is no image, not whole, or too large; its size is read before anything is decoded
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<ImageArray> {
  const format = formatOf(bytes);
  if (format === undefined) throw new DecodeError(`an image (${NAMES})`, beginning(bytes));
  try {
    const { data, info } = await open(bytes)
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const bytesOfPixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
    const rgb = ontoBackground(bytesOfPixels, channels, options.background);
    const pixels = options.channels === 3 ? rgb : grey(rgb);
    return ndarray(pixels, [height, width, options.channels]);
  } catch (cause) {
    throw await refusal(bytes, format, cause);
  }
}

/** Pillow's `background.paste(image, mask=alpha)`, to the bit; what is not transparent stays as it is. */
function ontoBackground(data: Uint8Array, channels: number, background: Colour): Uint8Array {
  if (channels === 3) return data;
  if (channels !== 4) throw new Error(`${channels} channels`);
  const out = new Uint8Array((data.length / 4) * 3);
  for (let i = 0; i < data.length / 4; i++) {
    const alpha = data[4 * i + 3]!;
    for (let c = 0; c < 3; c++) {
      const sum = alpha * data[4 * i + c]! + (255 - alpha) * background[c]! + 128;
      out[3 * i + c] = ((sum >> 8) + sum) >> 8;
    }
  }
  return out;
}
