/** A plotly figure that a notebook shows: live plot, picture and words in one output. */

import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { inspect } from 'node:util';
import { openDisplay, type MimeBundle, type MimeMetadata, type TextOutput } from './display-handle';
import { describeFigure } from './describe';
import { shortened } from './escape';
import { boxesInLayout, type Box } from './kept-boxes';
import { interrupted, type Drawn } from './limits';
import type { PlotlyObject } from './plotly';
import { toPlotlyJson } from './plotly-json';
import { renderPng, renderSvg } from './render';
import { TRACE_TYPES } from './trace-types';

export interface FigureOptions {
  /**
   * What the figure shows, in words: for screen readers and terminals. Shortened to 10,000 characters. Default: made from titles
   * and data.
   */
  readonly alt?: string;
  /** The finished picture, in the layout's size, where plotly need not draw it. Default: plotly draws it. */
  readonly png?: Uint8Array;
}

export interface ShowOptions {
  /** Where the words go outside a notebook, for example `process.stdout`. Default: nowhere. */
  readonly output?: TextOutput;
}

/** Characters: a grid's names all its images. */
const LONGEST_ALT = 10_000;

/** A larger picture would need gigabytes to be drawn. */
const MOST_PIXELS = 250e6;

/** The format of a live plot. */
export const PLOTLY_MIME = 'application/vnd.plotly.v1+json';

/** What the caller gets of a drawing: Stop ends who waits for it, too. */
function wanted<T>({ result, stopped }: Drawn<T>): T {
  if (stopped) throw interrupted();
  return result;
}

function sizeOf(layout: PlotlyObject): { width: number; height: number } {
  const { width = 700, height = 380 } = layout;
  for (const [name, size] of Object.entries({ width, height })) {
    if (typeof size === 'number' && size > 0 && size < Infinity) continue;
    throw new RangeError(`Expected layout.${name} above 0 pixels, got ${String(size)}.`);
  }
  const area = (width as number) * (height as number);
  if (area > MOST_PIXELS) {
    throw new RangeError(
      `Expected a figure of at most ${MOST_PIXELS / 1e6} million pixels, got ${String(width)} × ${String(height)}.`,
    );
  }
  return { width: width as number, height: height as number };
}

function requireTraces(data: readonly PlotlyObject[]): void {
  if (!Array.isArray(data)) throw new TypeError('Expected a list of traces: [{ x, y }].');
  data.forEach((trace: unknown, i) => {
    if (typeof trace !== 'object' || trace === null || Array.isArray(trace)) {
      throw new TypeError(
        `Expected a trace, such as { x: [1], y: [2] }, got ${String(trace)} at data[${i}].`,
      );
    }
    const { type = 'scatter' } = trace as PlotlyObject;
    if (TRACE_TYPES.includes(type as string)) return;
    throw new RangeError(
      `Expected a trace type of plotly.js, got ${String(type)} at data[${i}]: ${TRACE_TYPES.join(', ')}.`,
    );
  });
}

/**
 * Plotly traces and a layout. End a cell with it, or call `show()`: the output holds the live plot
 * for JupyterLab, a PNG for saved and exported notebooks, and words.
 */
export class Figure {
  readonly data: readonly PlotlyObject[];
  readonly layout: PlotlyObject;
  /** Size in CSS pixels: the layout's. */
  readonly width: number;
  readonly height: number;
  readonly alt: string;
  readonly #exactPng: Uint8Array | undefined;
  /** Where the picture that was drawn last shows pictures. */
  #boxes: readonly Box[] | undefined;

  /**
   * @param data plotly traces; what their values may be, see `toPlotlyJson`
   * @param layout plotly layout; `width` and `height` in CSS pixels. Default: 700 × 380
   * @throws if a trace has no type of plotly's, a value has no plain meaning (its path is named), or the size is not positive
   */
  constructor(
    data: readonly PlotlyObject[],
    layout: PlotlyObject = {},
    options: FigureOptions = {},
  ) {
    const { width, height } = sizeOf(layout);
    requireTraces(data);
    this.width = width;
    this.height = height;
    this.data = data.map((trace, i) => toPlotlyJson(trace, `data[${i}]`) as PlotlyObject);
    this.layout = toPlotlyJson({ ...layout, width, height }, 'layout') as PlotlyObject;
    this.alt = shortened(options.alt ?? describeFigure(this.data, this.layout), LONGEST_ALT);
    this.#exactPng = options.png;
  }

  get #order() {
    const { data, layout, width, height } = this;
    return { spec: { data, layout }, width, height };
  }

  /**
   * The figure as SVG text.
   *
   * @throws DrawingError if plotly refuses it, if it takes longer than a minute, or needs a browser (WebGL, maps) and there is
   *   none; Interrupted if Stop was pressed meanwhile
   */
  async toSvg(): Promise<string> {
    return wanted(await renderSvg(this.#order));
  }

  /**
   * The figure as a PNG file.
   *
   * @param options.scale pixels for one CSS pixel: 1 fits a notebook, 2 is sharp in print
   * @throws as `toSvg`
   */
  async toPng({ scale = 1 }: { readonly scale?: number } = {}): Promise<Buffer> {
    if (!(scale > 0 && scale <= 10)) {
      throw new RangeError(`Expected scale above 0 and up to 10, got ${scale}.`);
    }
    return wanted(await this.#drawPng(scale));
  }

  async #drawPng(scale: number): Promise<Drawn<Buffer>> {
    if (this.#exactPng && scale === 1) {
      return { result: Buffer.from(this.#exactPng), stopped: false };
    }
    const drawn = await renderPng(this.#order, scale);
    this.#boxes = drawn.boxes;
    return drawn;
  }

  /** Writes a `.png`, `.svg` or plotly `.json` file, as the path's ending says. */
  async save(path: string, options: { readonly scale?: number } = {}): Promise<void> {
    const ending = extname(path).toLowerCase();
    if (ending === '.png') return writeFile(path, await this.toPng(options));
    if (ending === '.svg') return writeFile(path, await this.toSvg());
    if (ending === '.json') return writeFile(path, JSON.stringify(this));
    throw new Error(`Expected a path ending in .png, .svg or .json, got ${path}.`);
  }

  /** Plotly's description of the figure. */
  toJSON(): PlotlyObject {
    return { data: this.data, layout: this.layout, config: { displaylogo: false } };
  }

  toString(): string {
    return `Figure (${this.width}×${this.height}): ${this.alt}`;
  }

  [inspect.custom](): string {
    return this.toString();
  }

  /**
   * What notebooks show. Without `interactive` it holds the picture and the words alone. Where no picture can be drawn, the words
   * say why, and the live plot is all the same there: this never throws.
   */
  async mimeBundle({ interactive = true } = {}): Promise<MimeBundle> {
    const { picture, problem } = await this.#picture();
    return {
      ...(interactive ? { [PLOTLY_MIME]: this.toJSON() } : {}),
      ...(picture ? { 'image/png': picture.toString('base64') } : {}),
      'text/plain': problem ? `${this.toString()}\nNo picture: ${problem}.` : this.toString(),
    };
  }

  /** The picture, or why there is none. A picture that is whole when Stop is pressed is kept. */
  async #picture(): Promise<{ readonly picture?: Buffer; readonly problem?: string }> {
    try {
      return { picture: (await this.#drawPng(1)).result };
    } catch (error) {
      const { message } = error instanceof Error ? error : { message: String(error) };
      return { problem: message.replace(/\.$/, '') };
    }
  }

  /**
   * Where the picture shows pictures of its own, whose colours a dark theme leaves: known once it is drawn.
   */
  get pictureBoxes(): readonly Box[] {
    const boxes = this.#boxes ?? (this.#exactPng ? boxesInLayout(this.layout) : []);
    return boxes.map((box) => box.map(Math.round) as unknown as Box);
  }

  /** Metadata beside the bundle: exporters read the alternative text there, a dark theme what to leave as it is. */
  get mimeMetadata(): MimeMetadata {
    const { alt, width, height, pictureBoxes } = this;
    const pictures = pictureBoxes.length ? { pictures: pictureBoxes } : {};
    return { 'image/png': { alt, width, height, ...pictures } };
  }

  [Symbol.for('Jupyter.display')](): Promise<MimeBundle> {
    return this.mimeBundle();
  }

  get [Symbol.for('kernel.metadata')](): MimeMetadata {
    return this.mimeMetadata;
  }

  /** Shows the figure in the cell that runs now; outside a notebook its words on `output`. */
  async show({ output }: ShowOptions = {}): Promise<void> {
    const display = openDisplay();
    if (display) display.update(await this.mimeBundle(), this.mimeMetadata);
    else output?.write(`${this.toString()}\n`);
  }
}
