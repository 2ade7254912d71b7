/** Writes images as files; importing it lets `Image` and `Images` do so. */
import { writeFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import {
  setImageFiles,
  type ImageFiles,
  type Pixels,
  type SaveImagesOptions,
} from '../images/image-files';
import { encodeApng, encodeGif, type AnimationOptions } from './animation';
import { encodePng, imagesToGrid, type Raster } from './png';

/** Milliseconds that the last picture is shown before all begins again. */
const LAST = 1000;

/** One picture of a frame's images; a single one without a rim, as torchvision's `make_grid`. */
function rasterOf(images: Pixels, { scale, columns, padding }: SaveImagesOptions): Raster {
  const isOne = images.shape.length > 2 && images.shape[0] === 1;
  return imagesToGrid(images, {
    scale: scale ?? 1,
    padding: isOne ? 0 : (padding ?? 2),
    ...(columns !== undefined && { columns }),
  });
}

function timing(count: number, { fps = 10, loop = 0 }: SaveImagesOptions): AnimationOptions {
  if (!(fps > 0 && fps <= 100)) {
    throw new RangeError(`Expected fps above 0 and up to 100, got ${String(fps)}.`);
  }
  if (!(Number.isInteger(loop) && loop >= 0 && loop < 65_535)) {
    throw new RangeError(`Expected loop to be 0 (for ever) or how often, got ${String(loop)}.`);
  }
  const delay = Math.round(1000 / fps);
  const delays = Array.from({ length: count }, (_, i) =>
    i === count - 1 ? Math.max(LAST, delay) : delay,
  );
  return { delays, loop };
}

const NAMES: readonly string[] = ['scale', 'columns', 'padding', 'fps', 'loop'];

function checkOptions(options: object): void {
  const unknown = Object.keys(options).filter((name) => !NAMES.includes(name));
  if (unknown.length === 0) return;
  throw new RangeError(`save: unknown option ${unknown.join(', ')} (known: ${NAMES.join(', ')}).`);
}

function checkedEnding(path: unknown, endings: readonly string[]): string {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`save: expected a path such as 'digit.png', got ${String(path) || "''"}.`);
  }
  const ending = extname(path).toLowerCase();
  if (endings.includes(ending)) return ending;
  const known =
    endings.length > 1 ? `${endings.slice(0, -1).join(', ')} or ${endings.at(-1)}` : endings[0];
  throw new Error(`save: expected a path that ends in ${known}, got ${path}.`);
}

const imageFiles: ImageFiles = {
  encodePng(images, options) {
    checkOptions(options);
    const { pixels, width, height, channels } = rasterOf(images, options);
    return encodePng(pixels, width, height, channels);
  },

  async save(frames, path, endings, options) {
    const ending = checkedEnding(path, endings);
    checkOptions(options);
    const absolute = resolve(path);
    if (frames.length === 0)
      throw new Error(`save: expected at least one image for ${absolute}, got none.`);
    const rasters = frames.map((images) => rasterOf(images, options));
    const bytes = encoded(rasters, ending, options);
    try {
      await writeFile(absolute, bytes);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw error;
      throw new Error(
        `save: expected the folder ${dirname(absolute)} to be there, but it is not (${message}). Make it first, or choose another.`,
        { cause: error },
      );
    }
    return absolute;
  },
};

function encoded(rasters: readonly Raster[], ending: string, options: SaveImagesOptions) {
  const [first] = rasters as [Raster];
  if (ending === '.png') {
    return encodePng(first.pixels, first.width, first.height, first.channels);
  }
  const animation = timing(rasters.length, options);
  return ending === '.gif' ? encodeGif(rasters, animation) : encodeApng(rasters, animation);
}

setImageFiles(imageFiles);
