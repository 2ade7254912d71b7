/** Where `save` and `toPng` get an encoder: images are made in a page too, which has no files. */
import type { NdArray } from 'ndarray';

export type PixelData = Float32Array | Uint8Array;

/** Images [N, H, W, C] or [N, H, W]: bytes, or numbers from 0 to 1. */
export type Pixels = NdArray<PixelData>;

/** How one picture is written. */
export interface SaveImageOptions {
  /** Each pixel becomes scale × scale pixels, never blurred. Default 1. */
  readonly scale?: number | undefined;
}

/** How several are: as one picture in rows (.png), or one after the other (.gif, .apng). */
export interface SaveImagesOptions extends SaveImageOptions {
  /** Images in a row. Default: all, at most 8, as torchvision's `make_grid`. */
  readonly columns?: number | undefined;
  /** Pixels between images in a row, and around them. Default 2; a single image has none. */
  readonly padding?: number | undefined;
  /** Pictures in a second. Default 10, as diffusers' `export_to_gif`. The last one stays for a second at least. */
  readonly fps?: number | undefined;
  /** How often it is shown; 0 (default) is for ever. */
  readonly loop?: number | undefined;
}

export interface ImageFiles {
  /** @returns a PNG file of one picture, the images in rows */
  encodePng(images: Pixels, options: SaveImagesOptions): Uint8Array;
  /**
   * @param frames shown one after the other, each with its images in rows; one frame is a picture
   * @param endings the ones to accept, for example `.png`
   * @returns the absolute path
   */
  save(
    frames: readonly Pixels[],
    path: string,
    endings: readonly string[],
    options: SaveImagesOptions,
  ): Promise<string>;
}

let files: ImageFiles | undefined;

export function setImageFiles(source: ImageFiles): void {
  files = source;
}

/** @throws Error where nothing writes files */
export function imageFiles(): ImageFiles {
  if (files) return files;
  throw new Error(
    'No files can be written here: import the package itself, or call setImageFiles.',
  );
}
