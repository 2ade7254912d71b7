/** The way from noise to image, kept: CompVis calls it the sampler's intermediates. */
import { imageFiles, type SaveImagesOptions } from '../images/image-files';
import type { Images } from '../images/images';

/** After a step. */
export interface Intermediate {
  /** The model's time step, from num_train_timesteps − 1 downwards. */
  readonly timestep: number;
  /** The images so far, [N, H, W, C], 0 to 1. */
  readonly sample: Images;
  /** The images that the model then expected at the end. */
  readonly predOriginalSample: Images;
}

export interface SaveIntermediatesOptions extends SaveImagesOptions {
  /** Which images: those so far (default), or those that the model expected at the end. */
  readonly of?: 'sample' | 'predOriginalSample' | undefined;
}

/** One for each step, as an array: for `denoisingAnimation`, or to be saved. */
export class Intermediates extends Array<Intermediate> {
  /** `map` and `filter` give plain arrays. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /**
   * Writes the way as a moving picture, `.gif` or `.apng`: a frame for each step, several images in rows.
   *
   * @param path relative to the working folder
   * @param options `fps`: steps in a second, default 10; the last one stays for a second
   * @returns the absolute path
   * @throws Error for another ending, if nothing was kept, or if the file cannot be written; RangeError for a bad option
   */
  async save(path: string, options: SaveIntermediatesOptions = {}): Promise<string> {
    const { of = 'sample', ...rest } = options;
    if (of !== 'sample' && of !== 'predOriginalSample') {
      throw new RangeError(
        `save: expected of to be 'sample' or 'predOriginalSample', got ${String(of)}.`,
      );
    }
    if (this.length === 0) {
      throw new Error(
        'save: expected the steps of a sampling, got none. Draw with generate(prompt, { returnIntermediates: true }).',
      );
    }
    return imageFiles().save(
      this.map((step) => step[of]),
      path,
      ['.gif', '.apng'],
      rest,
    );
  }
}
