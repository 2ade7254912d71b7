/** Pictures of figures: SVG text by a thread or, where WebGL is needed, by Chromium; PNG files of them. */

import { drawInChromium, findChromium } from './chromium';
import { drawSvg } from './drawing';
import type { DrawingOrder } from './drawing-thread';
import { fontFiles, openSans } from './font-metrics';
import { boxesInSvg, type Box } from './kept-boxes';
import { DrawingError, type Drawn } from './limits';
import { FONT_FAMILY } from './theme';
import { TILE_TYPES, typesAmong, WEBGL_TYPES } from './trace-types';

/** The browser that must draw the figure, or undefined if none needs to. */
function browserFor({ spec }: DrawingOrder): string | undefined {
  const tiles = typesAmong(spec.data, TILE_TYPES);
  if (tiles.length) {
    throw new DrawingError(
      `${tiles.join(', ')} takes its map from a server when the plot is shown; nothing is fetched for a picture`,
    );
  }
  const types = typesAmong(spec.data, WEBGL_TYPES);
  if (!types.length) return undefined;
  const browser = findChromium();
  if (browser !== undefined) return browser;
  throw new DrawingError(
    `${types.join(', ')} is drawn by WebGL, which only a browser has: install Chromium, or name one in SDM_CHROMIUM`,
  );
}

/**
 * Draws a figure as SVG text, after those asked for before.
 *
 * @throws DrawingError if plotly refuses the figure, if it takes too long, or needs a browser and there is none; Interrupted if
 *   Stop ended it
 */
export async function renderSvg(order: DrawingOrder): Promise<Drawn<string>> {
  const browser = browserFor(order);
  if (browser === undefined) return drawSvg(order);
  const { result, stopped } = await drawInChromium(browser, order, { format: 'svg' });
  return { result: result.toString('utf8'), stopped };
}

/** A PNG file, and where in it pictures stand. */
export interface DrawnPng extends Drawn<Buffer> {
  readonly boxes: readonly Box[];
}

/**
 * Draws a figure as a PNG file.
 *
 * @param scale pixels of the PNG for one CSS pixel
 * @throws as `renderSvg`
 */
export async function renderPng(order: DrawingOrder, scale = 1): Promise<DrawnPng> {
  const browser = browserFor(order);
  if (browser !== undefined) {
    return { ...(await drawInChromium(browser, order, { format: 'png', scale })), boxes: [] };
  }
  const { result, stopped } = await drawSvg(order);
  return { result: await rasterizeSvg(result, scale), stopped, boxes: boxesInSvg(result) };
}

/** Whether the font has all characters of the text. */
function openSansHas(text: string): boolean {
  const rare = text.match(/[^\0-\u{24f}]/gu) ?? [];
  return rare.every((character) => openSans().advance(character.codePointAt(0)!) !== undefined);
}

/**
 * Turns SVG into a PNG file, off the main thread. Text is drawn in Open Sans, whatever fonts the
 * machine has, but characters that it lacks; pictures in it are enlarged without blur.
 *
 * @param scale pixels of the PNG for one of the SVG
 */
export async function rasterizeSvg(svg: string, scale = 1): Promise<Buffer> {
  const { renderAsync } = await import('@resvg/resvg-js');
  const image = await renderAsync(svg, {
    fitTo: { mode: 'zoom', value: scale },
    imageRendering: 1, // nearest neighbour
    font: {
      // Only for what Open Sans lacks, such as emoji: else a machine's fonts would change what it draws.
      loadSystemFonts: !openSansHas(svg),
      fontFiles: fontFiles(),
      defaultFontFamily: FONT_FAMILY.split(',')[0],
    },
    logLevel: 'off',
  });
  return image.asPng();
}
