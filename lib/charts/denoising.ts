/** The way from noise to an image, with a slider over the steps. */

import { escapePlotly } from '../figure/escape';
import { Figure } from '../figure/figure';
import type { PlotlyObject } from '../figure/plotly';
import { toPixels, type ImageBatch, type ImageReadOptions } from '../figure/images';
import { encodePng, imagesToGrid } from '../figure/png';
import { paperOf, pngAddress } from '../figure/paper';
import { baseLayout, INK, titleLayout } from '../figure/theme';

/** A step of sampling: the first image of each batch is shown. */
export interface DenoisingFrame {
  /** The model's time step, falling to 0. */
  readonly timestep: number;
  /** x_t, [N, H, W, C]. */
  readonly sample: ImageBatch;
  /** The image that the model expects at the end, x̂_0. */
  readonly predOriginalSample: ImageBatch;
}

export interface DenoisingOptions extends ImageReadOptions {
  readonly title?: string;
}

const STRIP = 8; // frames that the picture shows at once
const SMALL = 2; // pixels of the strip for one of the image
const LARGE = 6;
const EDGE = 20;
const GAP = 6;

/** The first image of a batch as a PNG, enlarged. */
function firstImage(batch: ImageBatch, scale: number, options: ImageReadOptions) {
  const { pixels, height, width, channels } = toPixels(batch, options);
  const data = pixels.subarray(0, height * width * channels);
  const shape = [1, height, width, channels];
  const raster = imagesToGrid({ data, shape }, { columns: 1, scale, padding: 0 });
  const png = encodePng(raster.pixels, raster.width, raster.height, raster.channels);
  return {
    source: pngAddress(png),
    width: raster.width,
    height: raster.height,
  };
}

/**
 * A strip of some steps, so that the saved picture shows the whole way, and below it one step at a time
 * in full size, moved by a slider or played.
 *
 * @throws as `toPixels`, or if there is no frame
 */
export function denoisingAnimation(
  frames: readonly DenoisingFrame[],
  options: DenoisingOptions = {},
): Figure {
  const { title = 'From noise to digit' } = options;
  const last = frames.at(-1);
  if (!last) throw new Error('Expected at least one frame, got none.');
  const unit = firstImage(last.sample, 1, options);
  const small = { width: unit.width * SMALL, height: unit.height * SMALL };
  const large = { width: unit.width * LARGE, height: unit.height * LARGE };
  const stripTop = 74;
  const largeTop = stripTop + 2 * (small.height + GAP) + 50;
  const labels = 70;
  const width = Math.max(
    2 * EDGE + labels + STRIP * (small.width + GAP),
    2 * EDGE + 2 * large.width + 60,
  );
  const height = largeTop + large.height + 90;

  const images: PlotlyObject[] = [];
  const annotations: PlotlyObject[] = [];
  const paper = paperOf(width, height);
  const picture = (source: string, left: number, top: number, size: typeof small) =>
    paper.image(source, { left, top, ...size });

  // The two large ones come first: the slider names them by their places.
  const [leftX, rightX] = [EDGE, EDGE + large.width + 60];
  const source = (frame: DenoisingFrame) =>
    [frame.sample, frame.predOriginalSample].map((batch) => firstImage(batch, 1, options).source);
  const sources = frames.map(source);
  const [noisy = '', guess = ''] = sources.at(-1) ?? [];
  images.push(picture(noisy, leftX, largeTop, large));
  images.push(picture(guess, rightX, largeTop, large));
  annotations.push(paper.text(`the image, t = ${last.timestep}`, leftX, largeTop - 16, 'left'));
  annotations.push(paper.text('what the model expects at the end', rightX, largeTop - 16, 'left'));

  const count = Math.min(STRIP, frames.length);
  for (let i = 0; i < count; i++) {
    const index = count === 1 ? 0 : Math.round((i * (frames.length - 1)) / (count - 1));
    const left = EDGE + labels + i * (small.width + GAP);
    const [sample = '', original = ''] = sources[index] ?? [];
    const below = stripTop + small.height + GAP;
    images.push(picture(sample, left, stripTop, small));
    images.push(picture(original, left, below, small));
    const middle = left + small.width / 2;
    annotations.push(paper.text(`t = ${frames[index]?.timestep}`, middle, stripTop - 12, 'center'));
  }
  const rowLabel = (words: string, row: number) =>
    paper.text(words, EDGE, stripTop + row * (small.height + GAP) + small.height / 2, 'left');
  annotations.push(rowLabel('image', 0), rowLabel('expected', 1));

  const hidden = { visible: false, fixedrange: true };
  const layout: PlotlyObject = {
    ...baseLayout(width, height),
    title: { ...titleLayout(escapePlotly(title)), x: EDGE / width, y: 1 - 24 / height },
    margin: { l: 0, r: 0, t: 0, b: 0 },
    xaxis: hidden,
    yaxis: hidden,
    images,
    annotations,
    sliders: [
      {
        active: frames.length - 1,
        x: EDGE / width,
        y: 72 / height,
        len: 1 - (2 * EDGE) / width,
        pad: { t: 0, b: 0, l: 0, r: 0 },
        currentvalue: { prefix: 't = ', font: { color: INK } },
        ticklen: 3,
        steps: frames.map(({ timestep }, index) => ({
          label: String(timestep),
          method: 'relayout',
          args: [
            {
              'images[0].source': sources[index]?.[0],
              'images[1].source': sources[index]?.[1],
              'annotations[0].text': `the image, t = ${timestep}`,
            },
          ],
        })),
      },
    ],
  };
  const alt =
    `${title}: ${frames.length} steps from t = ${frames[0]?.timestep} to t = ${last.timestep}; ` +
    'above the noisy image, below what the model expects at the end.';
  return new Figure([], layout, { alt });
}
