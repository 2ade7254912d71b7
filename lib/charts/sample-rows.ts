/** Samples of a training, a row for each step at which they were drawn. */

import type { ImageBatch } from '../figure/images';
import { encodePng, imagesToGrid } from '../figure/png';

/** What stands before a row, in CSS pixels. */
export const LABEL_WIDTH = 74;

/** The images drawn at a step. */
export interface Samples {
  readonly step: number;
  readonly images: ImageBatch;
}

/** Evenly chosen, the first and the last always among them. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))]!,
  );
}

/** Each row's picture, as wide as fits a figure of that width beside its label. */
export function sampleRows(samples: readonly Samples[], width: number) {
  return samples.map(({ step, images }) => {
    const [count = 1, , side = 1] = images.shape;
    const across = Math.min(count, 20);
    const scale = Math.max(
      1,
      Math.min(2, Math.floor((width - LABEL_WIDTH - 12) / across / (side + 1))),
    );
    const raster = imagesToGrid(images, { columns: across, scale, padding: 1 });
    const png = encodePng(raster.pixels, raster.width, raster.height, raster.channels);
    return { step, png, width: raster.width, height: raster.height };
  });
}
