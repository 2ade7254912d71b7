import path from 'node:path';
import {
  INTERPOLATION_RULE,
  Resize,
  SIZE_RULE,
  type ImageSize,
} from '../datasets/image-transforms';
import type { Interpolation } from '../datasets/resample';
import { Image } from '../images/images';
import { checkOptions, shown } from '../options';
import { COLOUR_RULE, decodeImage, DecodeError, type Colour } from './decode';
import { DatasetError } from './errors';
import { LIMITS } from './limits';
import { readLimited } from './read-files';

export interface LoadImageOptions {
  /** 3 for colour (default), 1 for grey, as the digits' models take it. */
  readonly channels?: 1 | 3 | undefined;
  /** What lies behind a transparent picture, 0 to 255. Default: white. */
  readonly background?: Colour | undefined;
  /** One number for the shorter side, or [height, width] exactly. Default: as it is. */
  readonly size?: ImageSize | undefined;
  /** Default: `lanczos`, as diffusers' pipelines. */
  readonly interpolation?: Interpolation | undefined;
}

type Checked = {
  size?: ImageSize;
  channels: 1 | 3;
  background: Colour;
  interpolation: Interpolation;
};

/**
 * A picture from a file (PNG, JPEG, GIF, WebP, TIFF, AVIF), for `image` and `mask` of pipelines; diffusers' `load_image`, of files.
 *
 * @param file relative to the working folder
 * @returns [H, W, channels], 0 to 255
 * @throws RangeError for a bad option; DatasetError if the file is missing, too large, or no picture
 */
export async function loadImage(
  file: string,
  options: LoadImageOptions = {},
): Promise<Image<Uint8Array>> {
  const { size, channels, background, interpolation } = checkOptions<Checked>(
    'loadImage',
    options as Partial<Checked>,
    { channels: 3, background: [255, 255, 255], interpolation: 'lanczos' },
    {
      size: [SIZE_RULE[0], (v) => v === undefined || SIZE_RULE[1](v)],
      channels: ['1 or 3', (v) => v === 1 || v === 3],
      background: COLOUR_RULE,
      interpolation: INTERPOLATION_RULE,
    },
  );
  if (typeof file !== 'string' || file === '')
    throw new TypeError(`loadImage: expected a path such as 'cat.png', got ${shown(file)}.`);
  const full = path.resolve(file);
  const place = { file: full };
  const bytes = await readLimited(full, place, LIMITS.imageBytes, 'a picture');
  try {
    const decoded = await decodeImage(bytes, { channels, background });
    return new Image(
      size === undefined ? decoded : new Resize(size, { interpolation }).forward(decoded),
    );
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    const { expected, found } = cause;
    throw new DatasetError({ ...place, expected, found, cause });
  }
}
