/** Pictures one after the other, as GIF (gifenc) and APNG (upng-js) files. */
import { crc32 } from 'node:zlib';
import { applyPalette, GIFEncoder, quantize, type GifColor } from 'gifenc';
import UPNG from 'upng-js';
import type { Raster } from './png';

export interface AnimationOptions {
  /** Milliseconds of each frame. */
  readonly delays: readonly number[];
  /** How often it is shown; 0 is for ever. */
  readonly loop: number;
}

/** RGBA of a picture, row by row; what is transparent is laid on white where the format knows no shades of it. */
function rgba({ pixels, channels }: Raster, onWhite: boolean): Uint8Array {
  const count = pixels.length / channels;
  const out = new Uint8Array(4 * count);
  for (let i = 0; i < count; i++) {
    const alpha = channels === 4 ? pixels[4 * i + 3]! : 255;
    for (let c = 0; c < 3; c++) {
      const value = pixels[channels * i + (channels === 1 ? 0 : c)]!;
      out[4 * i + c] = onWhite ? Math.round((value * alpha) / 255 + 255 - alpha) : value;
    }
    out[4 * i + 3] = onWhite ? 255 : alpha;
  }
  return out;
}

const GREYS = Array.from({ length: 256 }, (_, value): GifColor => [value, value, value]);

/** A GIF file: grey pictures exactly, others with the 256 colours of each that suit it best. */
export function encodeGif(
  frames: readonly Raster[],
  { delays, loop }: AnimationOptions,
): Uint8Array {
  const gif = GIFEncoder();
  const repeat = loop === 1 ? -1 : Math.max(0, loop - 1); // the file counts how often it is shown again
  for (const [i, frame] of frames.entries()) {
    const options = { delay: delays[i]!, repeat };
    if (frame.channels === 1) {
      gif.writeFrame(frame.pixels, frame.width, frame.height, { ...options, palette: GREYS });
      continue;
    }
    const pixels = rgba(frame, true);
    const palette = quantize(pixels, 256);
    const indices = applyPalette(pixels, palette);
    gif.writeFrame(indices, frame.width, frame.height, { ...options, palette });
  }
  gif.finish();
  return gif.bytes();
}

/** An APNG file, to the bit; programs that know only PNG show the first picture. */
export function encodeApng(
  frames: readonly Raster[],
  { delays, loop }: AnimationOptions,
): Uint8Array {
  const [{ width, height }] = frames as [Raster];
  const buffers = frames.map((frame) => rgba(frame, false).buffer as ArrayBuffer);
  const bytes = new Uint8Array(UPNG.encode(buffers, width, height, 0, [...delays]));
  return frames.length > 1 && loop > 0 ? withPlays(bytes, loop) : bytes;
}

/** upng-js writes 0, for ever, into the chunk acTL (number of frames, number of plays). */
function withPlays(png: Uint8Array, plays: number): Uint8Array {
  const name = Buffer.from('acTL', 'latin1');
  const at = Buffer.from(png.buffer, png.byteOffset, png.length).indexOf(name);
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  view.setUint32(at + 8, plays);
  view.setUint32(at + 12, crc32(png.subarray(at, at + 12)));
  return png;
}
