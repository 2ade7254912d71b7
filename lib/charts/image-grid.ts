/** Images as one figure: a plain grid, or titled subplots. */

import { escapePlotly, LONGEST_LABEL, shortened } from '../figure/escape';
import { extentOf } from '../figure/extent';
import { Figure } from '../figure/figure';
import type { PlotlyObject } from '../figure/plotly';
import { COUNT_RULE, TEXTS_RULE, TEXT_RULE, checkGiven } from '../options';
import { wrapText } from '../figure/font-metrics';
import {
  toPixels,
  type ImageBatch,
  type ImageReadOptions,
  type ImageTensor,
} from '../figure/images';
import { paperOf } from '../figure/paper';
import { encodePng, imagesToGrid, type Raster } from '../figure/png';
import { RANGE_RULE } from './chart-options';
import { baseLayout, FONT_SIZE, INK, TITLE_FONT, TITLE_SIZE } from '../figure/theme';

export interface ImageGridOptions extends ImageReadOptions {
  /** The figure's title. */
  readonly title?: string;
  /** One for each image of a batch, or for each batch of an array. Default: none. */
  readonly titles?: readonly string[];
  /** Subplots in a row (one batch without titles: images in a row). Default: as many as fit. */
  readonly columns?: number;
  /** Each pixel becomes scale × scale pixels. Default: 1 to 4, as fits the page. */
  readonly scale?: number;
  /** The figure in words, for screen readers. Default: made of the titles. */
  readonly alt?: string;
}

type ImageSource = ImageBatch | ImageTensor;

const PAGE = 800; // CSS pixels: a notebook's output on a small screen
const GAP = 16; // between subplots
const PADDING = 2; // between the images of one
const MAX_ACROSS = 10; // images in a row, where the caller does not say
const LINE_HEIGHT = 1.3 * FONT_SIZE; // plotly's line spacing
const HEADING_SPACE = 6; // between a subplot's title and its picture

/** The batch of each subplot, in bytes. */
function subplotBatches(
  images: ImageSource | readonly ImageSource[],
  options: ImageGridOptions,
): ImageBatch[] {
  const several = Array.isArray(images);
  const given = several ? (images as readonly ImageSource[]) : [images as ImageSource];
  const split = !several && options.titles !== undefined;
  const batches = given.flatMap((batch): ImageBatch[] => {
    const { pixels, count, height, width, channels } = toPixels(batch, options);
    if (!split) return [{ data: pixels, shape: [count, height, width, channels] }];
    const size = height * width * channels;
    return Array.from({ length: count }, (_, index) => ({
      data: pixels.subarray(index * size, (index + 1) * size),
      shape: [1, height, width, channels],
    }));
  });
  if (!batches.length) throw new Error('Expected at least one batch of images, got none.');
  if (options.titles && options.titles.length !== batches.length) {
    throw new Error(
      `Expected a title for each of ${batches.length} ${several ? 'batches' : 'images'}, ` +
        `got ${options.titles.length}.`,
    );
  }
  return batches;
}

/** The largest enlargement up to 4 with which so many images side by side fit the page. */
function fittingScale(
  batches: readonly ImageBatch[],
  subplotsInRow: number,
  across: number,
): number {
  const width = extentOf(batches.map((batch) => batch.shape[2] ?? 1)).high;
  const subplot = (PAGE - GAP * (subplotsInRow + 1)) / subplotsInRow;
  return Math.max(1, Math.min(4, Math.floor((subplot / across - PADDING) / width)));
}

/** Images in a row: full rows of 10 to 5 where the count allows, else 8. */
function defaultAcross(count: number): number {
  if (count <= MAX_ACROSS) return count;
  return [10, 9, 8, 7, 6, 5].find((across) => count % across === 0) ?? 8;
}

/** Draws each subplot's picture; returns them with the number of subplots in a row. */
function layOut(
  batches: readonly ImageBatch[],
  options: ImageGridOptions,
): { rasters: Raster[]; subplotsInRow: number } {
  const single = batches.length === 1 && !options.titles;
  const largest = extentOf(batches.map((batch) => batch.shape[0] ?? 1)).high;
  const across = single && options.columns ? options.columns : defaultAcross(largest);
  const wished = single ? 1 : (options.columns ?? Math.min(batches.length, across > 1 ? 1 : 6));
  const scale = options.scale ?? fittingScale(batches, wished, across);
  const rasters = batches.map((batch) =>
    imagesToGrid(batch, { columns: across, scale, padding: PADDING }),
  );
  return { rasters, subplotsInRow: Math.min(wished, batches.length) };
}

/** A subplot: its picture, where it stands in the figure, and its title. */
interface Picture {
  readonly raster: Raster;
  readonly left: number;
  readonly top: number;
  readonly lines: readonly string[];
}

/** The pictures on white paper: what plotly would draw where there is no text. */
function composite(pictures: readonly Picture[], width: number, height: number) {
  const channels = pictures[0]?.raster.channels ?? 1;
  if (channels === 4 || pictures.some(({ raster }) => raster.channels !== channels))
    return undefined;
  const paper = new Uint8Array(width * height * channels).fill(255);
  for (const { raster, left, top } of pictures) {
    const bytes = raster.width * channels;
    for (let y = 0; y < raster.height; y++) {
      const row = raster.pixels.subarray(y * bytes, (y + 1) * bytes);
      paper.set(row, ((top + y) * width + left) * channels);
    }
  }
  return encodePng(paper, width, height, channels);
}

/** Lines of text, their last one's foot centred at a place given in fractions of the figure. */
function textAt(lines: readonly string[], x: number, y: number): PlotlyObject {
  return {
    text: lines.map(escapePlotly).join('<br>'),
    showarrow: false,
    xref: 'paper',
    yref: 'paper',
    x,
    y,
    xanchor: 'center',
    yanchor: 'bottom',
    borderpad: 0,
    font: { size: FONT_SIZE, color: INK },
  };
}

/**
 * Images in rows, enlarged without blur; with titles, as titled subplots.
 *
 * A batch without titles is one grid; with titles, each of its images is a subplot. An array of
 * batches has a subplot for each batch, for example a row of samples for each guidance scale.
 *
 * @throws as `imagesToGrid`, and if there are not as many titles as subplots
 */
export function imageGrid(
  images: ImageSource | readonly ImageSource[],
  options: ImageGridOptions = {},
): Figure {
  checkGiven('imageGrid', options, {
    title: TEXT_RULE,
    titles: TEXTS_RULE,
    columns: COUNT_RULE,
    scale: COUNT_RULE,
    alt: TEXT_RULE,
    valueRange: RANGE_RULE,
  });
  const batches = subplotBatches(images, options);
  const label = (text: string) => shortened(text, LONGEST_LABEL);
  const [title, titles] = [label(options.title ?? ''), options.titles?.map(label)];
  const { rasters, subplotsInRow } = layOut(batches, options);
  const cellWidth = extentOf(rasters.map((raster) => raster.width)).high;
  const headings = rasters.map((_, index) => {
    const heading = titles?.[index];
    return heading ? wrapText(heading, cellWidth + GAP - 6, FONT_SIZE) : [];
  });

  const width = subplotsInRow * (cellWidth + GAP) + GAP;
  const titleLines = title ? wrapText(title, width - 2 * GAP, TITLE_SIZE, 'bold') : [];
  const pictures: Picture[] = [];
  let bottom = titleLines.length ? titleLines.length * 1.3 * TITLE_SIZE + GAP / 2 : 0;
  for (let first = 0; first < rasters.length; first += subplotsInRow) {
    const row = rasters.slice(first, first + subplotsInRow);
    const lines = extentOf(headings.slice(first, first + row.length).map((h) => h.length)).high;
    const top = Math.round(bottom + GAP + (lines ? lines * LINE_HEIGHT + HEADING_SPACE : 0));
    row.forEach((raster, column) => {
      const left = GAP + column * (cellWidth + GAP);
      pictures.push({ raster, lines: headings[first + column] ?? [], left, top });
    });
    bottom = top + extentOf(row.map((raster) => raster.height)).high;
  }
  const height = bottom + GAP;

  const annotations = pictures
    .filter(({ lines }) => lines.length)
    .map(({ raster, lines, left, top }) =>
      textAt(lines, (left + raster.width / 2) / width, 1 - (top - HEADING_SPACE) / height),
    );
  if (titleLines.length) {
    const place = { x: GAP / width, y: 1 - GAP / 2 / height, xanchor: 'left', yanchor: 'top' };
    annotations.push({ ...textAt(titleLines, 0, 0), ...place, align: 'left', font: TITLE_FONT });
  }
  const hidden = { visible: false, fixedrange: true };
  const paper = paperOf(width, height); // no margins: the plot's area is all of it
  const layout: PlotlyObject = {
    ...baseLayout(width, height),
    margin: { l: 0, r: 0, t: 0, b: 0 },
    xaxis: hidden,
    yaxis: hidden,
    images: pictures.map(({ raster, left, top }) => {
      const png = encodePng(raster.pixels, raster.width, raster.height, raster.channels);
      return paper.image(png, { left, top, width: raster.width, height: raster.height });
    }),
    annotations,
  };
  const count = batches.reduce((sum, batch) => sum + (batch.shape[0] ?? 0), 0);
  const described = titles ? `: ${titles.join(' | ')}` : '';
  const alt = options.alt ?? `${title || 'Images'} (${count})${described}`;
  const png = annotations.length ? undefined : composite(pictures, width, height);
  return new Figure([], layout, png ? { alt, png } : { alt });
}
