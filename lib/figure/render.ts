/**
 * Draws plotly figures without a browser: plotly.js in jsdom gives SVG, resvg turns it into PNG.
 * Both are loaded when the first figure is drawn (about a second, once).
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { PlotlyObject } from './plotly';
import { FONT_FAMILY } from './theme';
import { fontFiles } from './font-metrics';
import { installSvgMeasure, type MeasurableWindow } from './svg-measure';

/** A figure's description: JSON values only. */
export interface PlotlySpec {
  readonly data: readonly PlotlyObject[];
  readonly layout: PlotlyObject;
}

interface Plotly {
  toImage(
    figure: PlotlySpec,
    options: { format: 'svg'; width: number; height: number; imageDataOnly: true },
  ): Promise<string>;
}

interface PlotlyWindow extends MeasurableWindow {
  readonly HTMLCanvasElement: { readonly prototype: object };
  readonly URL: object;
  readonly Math: { random: () => number };
  readonly Plotly: Plotly;
  eval(code: string): unknown;
}

/** A page with plotly in it. */
interface Page {
  readonly window: PlotlyWindow;
  readonly plotly: Plotly;
}

let page: Promise<Page> | undefined;

/** Starts the page. Nothing is fetched and no script of a figure is run. */
async function openPage(): Promise<Page> {
  const { JSDOM, VirtualConsole } = await import('jsdom');
  const dom = new JSDOM('<!doctype html><body></body>', {
    runScripts: 'outside-only',
    pretendToBeVisual: true, // plotly waits for animation frames
    virtualConsole: new VirtualConsole(), // silent: jsdom reports what it cannot draw
  });
  const window = dom.window as unknown as PlotlyWindow;
  installSvgMeasure(window);
  // Map traces look for these when plotly is loaded, though no figure here is a map.
  Object.assign(window, {
    TextDecoder,
    TextEncoder,
    matchMedia: () => ({ matches: false, addEventListener() {}, removeEventListener() {} }),
  });
  Object.assign(window.URL, { createObjectURL: () => '', revokeObjectURL() {} });
  Object.assign(window.HTMLCanvasElement.prototype, { getContext: () => null });
  window.eval(readFileSync(createRequire(__filename).resolve('plotly.js-dist'), 'utf8'));
  return { window, plotly: window.Plotly };
}

/**
 * Plotly names the parts of a figure at random. The same names each time make the same figure the
 * same bytes, and keep jsdom's cache of selectors, which holds on to old figures, from growing.
 */
function repeatableRandom(): () => number {
  let state = 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647; // Park and Miller
}

async function draw(spec: PlotlySpec, width: number, height: number): Promise<string> {
  const { window, plotly } = await (page ??= openPage());
  window.Math.random = repeatableRandom();
  // Plotly fills in what it is given, so it gets a copy.
  const copy = JSON.parse(JSON.stringify({ data: spec.data, layout: spec.layout })) as PlotlySpec;
  return plotly.toImage(copy, { format: 'svg', width, height, imageDataOnly: true });
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Draws a figure as SVG, `width` × `height` CSS pixels, after those asked for before.
 *
 * @throws if plotly refuses the figure
 */
export function renderSvg(spec: PlotlySpec, width: number, height: number): Promise<string> {
  const svg = last.then(() => draw(spec, width, height));
  last = svg.catch(() => undefined);
  return svg;
}

/**
 * Turns SVG into a PNG file, off the main thread. Text is drawn in Open Sans, whatever fonts the
 * machine has; pictures in it are enlarged without blur.
 *
 * @param scale pixels of the PNG for one of the SVG
 */
export async function rasterizeSvg(svg: string, scale = 1): Promise<Buffer> {
  const { renderAsync } = await import('@resvg/resvg-js');
  const image = await renderAsync(svg, {
    fitTo: { mode: 'zoom', value: scale },
    imageRendering: 1, // nearest neighbour
    font: {
      loadSystemFonts: false,
      fontFiles: fontFiles(),
      defaultFontFamily: FONT_FAMILY.split(',')[0],
    },
    logLevel: 'off',
  });
  return image.asPng();
}
