/** A plotly figure that a notebook shows: live plot, picture and words in one output. */

import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { inspect } from 'node:util';
import { openDisplay, type MimeBundle, type MimeMetadata, type TextOutput } from './display-handle';
import { shortened } from './escape';
import type { PlotlyObject } from './plotly';
import { rasterizeSvg, renderSvg } from './render';

export interface FigureOptions {
  /** What the figure shows, in words: for screen readers and terminals. Shortened to 10,000 characters. */
  readonly alt: string;
  /** The finished picture, in the layout's size, where plotly need not draw it. Default: plotly draws it. */
  readonly png?: Uint8Array;
}

export interface ShowOptions {
  /** Where the words go outside a notebook, for example `process.stdout`. Default: nowhere. */
  readonly output?: TextOutput;
}

/** Characters: a grid's names all its images. */
const LONGEST_ALT = 10_000;

const PLOTLY_MIME = 'application/vnd.plotly.v1+json';

/** JSON has neither typed arrays nor NaN: they become arrays and null (a gap in a line). */
function toJson(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(toJson);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as Float32Array, toJson);
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    return Object.fromEntries(entries.map(([key, entry]) => [key, toJson(entry)]));
  }
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    throw new TypeError(`Expected JSON values in a figure, got a ${typeof value}.`);
  }
  return value;
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

  /**
   * @param data plotly traces; typed arrays are taken too
   * @param layout plotly layout; `width` and `height` in CSS pixels. Default: 700 × 380
   * @throws if a value is a function, symbol or bigint, or the size is not positive
   */
  constructor(data: readonly PlotlyObject[], layout: PlotlyObject, options: FigureOptions) {
    const { width = 700, height = 380 } = layout;
    for (const [name, size] of Object.entries({ width, height })) {
      if (typeof size === 'number' && size > 0 && size < Infinity) continue;
      throw new RangeError(`Expected layout.${name} above 0 pixels, got ${String(size)}.`);
    }
    this.width = width as number;
    this.height = height as number;
    this.data = data.map((trace) => toJson(trace) as PlotlyObject);
    this.layout = toJson({ ...layout, width, height }) as PlotlyObject;
    this.alt = shortened(options.alt, LONGEST_ALT);
    this.#exactPng = options.png;
  }

  /** The figure as SVG text. */
  toSvg(): Promise<string> {
    return renderSvg(this, this.width, this.height);
  }

  /**
   * The figure as a PNG file.
   *
   * @param options.scale pixels for one CSS pixel: 1 fits a notebook, 2 is sharp in print
   */
  async toPng({ scale = 1 }: { readonly scale?: number } = {}): Promise<Buffer> {
    if (!(scale > 0 && scale <= 10)) {
      throw new RangeError(`Expected scale above 0 and up to 10, got ${scale}.`);
    }
    if (this.#exactPng && scale === 1) return Buffer.from(this.#exactPng);
    return rasterizeSvg(await this.toSvg(), scale);
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

  /** What notebooks show. Without `interactive` it holds the picture and the words alone. */
  async mimeBundle({ interactive = true } = {}): Promise<MimeBundle> {
    const png = (await this.toPng()).toString('base64');
    return {
      ...(interactive ? { [PLOTLY_MIME]: this.toJSON() } : {}),
      'image/png': png,
      'text/plain': this.toString(),
    };
  }

  /** Metadata beside the bundle: exporters read the alternative text there. */
  get mimeMetadata(): MimeMetadata {
    return { 'image/png': { alt: this.alt, width: this.width, height: this.height } };
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
