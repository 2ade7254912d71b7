/** A page without a browser, with plotly in it: jsdom, and what plotly asks for that jsdom lacks. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { installPixelCanvas, type CanvasWindow } from './pixel-canvas';
import type { PlotlyObject } from './plotly';
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

interface PlotlyWindow extends MeasurableWindow, CanvasWindow {
  readonly URL: object;
  readonly Math: { random: () => number };
  readonly Plotly: Plotly;
  eval(code: string): unknown;
}

/** The path of plotly's code. */
export const plotlyFile = () => createRequire(__filename).resolve('plotly.js-dist');

/** Starts the page (about a second). Nothing is fetched and no script of a figure is run. */
async function openPage(): Promise<PlotlyWindow> {
  const { JSDOM, VirtualConsole } = await import('jsdom');
  const dom = new JSDOM('<!doctype html><body></body>', {
    runScripts: 'outside-only',
    pretendToBeVisual: true, // plotly waits for animation frames
    virtualConsole: new VirtualConsole(), // silent: jsdom reports what it cannot draw
  });
  const window = dom.window as unknown as PlotlyWindow;
  installSvgMeasure(window);
  installPixelCanvas(window);
  // Map traces look for these when plotly is loaded.
  Object.assign(window, {
    TextDecoder,
    TextEncoder,
    matchMedia: () => ({ matches: false, addEventListener() {}, removeEventListener() {} }),
    XMLHttpRequest: class {
      constructor() {
        throw new Error(
          'Plotly fetches the shapes of maps over the network, which no drawing does.',
        );
      }
    },
  });
  Object.assign(window.URL, { createObjectURL: () => '', revokeObjectURL() {} });
  window.eval(readFileSync(plotlyFile(), 'utf8'));
  return window;
}

let page: Promise<PlotlyWindow> | undefined;

/**
 * Plotly names the parts of a figure at random. The same names each time make the same figure the
 * same bytes, and keep jsdom's cache of selectors, which holds on to old figures, from growing.
 */
function repeatableRandom(): () => number {
  let state = 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647; // Park and Miller
}

/**
 * Draws a figure as SVG text. Plotly fills in what it is given: `spec` must be a copy.
 *
 * @throws if plotly refuses the figure
 */
export async function drawInPage(spec: PlotlySpec, width: number, height: number): Promise<string> {
  const window = await (page ??= openPage());
  window.Math.random = repeatableRandom();
  return window.Plotly.toImage(spec, { format: 'svg', width, height, imageDataOnly: true });
}
