/** Small tables of settings and counts, as HTML and as text. */

import { inspect } from 'node:util';
import { openDisplay, type MimeBundle } from '../figure/display-handle';
import { extentOf } from '../figure/extent';
import { escapeHtml, NO_MATH, shortened } from '../figure/escape';
import type { ShowOptions } from '../figure/figure';

export interface TableOptions {
  readonly caption?: string;
  /** Keys of the rows to show, in this order. Default: all, in the order in which they first occur. */
  readonly columns?: readonly string[];
}

/** A number with commas, at most six digits behind the whole ones; lists in brackets. Not yet shortened. */
function formatCell(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return value.toLocaleString('en-US');
    return String(Number(value.toPrecision(6)));
  }
  if (typeof value === 'string') return value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return formatCell(Array.from(value as Float32Array));
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => (typeof item === 'number' ? String(item) : formatCell(item))).join(', ')}]`;
  }
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value as boolean | bigint | symbol);
}

/** Rows of cells, each text up to 1,000 characters long, shown by ending a cell with it or by `show()`. */
export class Table {
  readonly caption: string | undefined;
  readonly #header: readonly string[];
  readonly #cells: readonly (readonly string[])[];
  readonly #numeric: readonly boolean[];

  /** @throws if a column is asked for that no row has */
  constructor(rows: readonly Readonly<Record<string, unknown>>[], options: TableOptions = {}) {
    const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const columns = options.columns ?? keys;
    const missing = columns.filter((column) => !keys.includes(column));
    if (rows.length && missing.length) {
      const [known, unknown] = [keys, missing].map((names) => shortened(names.join(', ')));
      throw new Error(`Expected columns among ${known}, got also ${unknown}.`);
    }
    this.caption = options.caption && shortened(options.caption);
    this.#header = columns.map((column) => shortened(column));
    this.#cells = rows.map((row) => columns.map((column) => shortened(formatCell(row[column]))));
    this.#numeric = columns.map((column) =>
      rows.every((row) => row[column] == null || typeof row[column] === 'number'),
    );
  }

  /** HTML with all text escaped; it takes the notebook's own style of tables. */
  toHtml(): string {
    const cell = (tag: string, text: string, column: number) =>
      `<${tag} style="text-align:${this.#numeric[column] ? 'right' : 'left'}">${escapeHtml(text)}</${tag}>`;
    const row = (tag: string, texts: readonly string[]) =>
      `<tr>${texts.map((text, column) => cell(tag, text, column)).join('')}</tr>`;
    const caption = this.caption ? `<caption>${escapeHtml(this.caption)}</caption>` : '';
    const body = this.#cells.map((texts) => row('td', texts)).join('');
    return `<table class="${NO_MATH}">${caption}<thead>${row('th', this.#header)}</thead><tbody>${body}</tbody></table>`;
  }

  /** The same with spaces and rules, for terminals. */
  toString(): string {
    const lines = [this.#header, ...this.#cells];
    const widths = this.#header.map(
      (_, column) => extentOf(lines.map((texts) => (texts[column] ?? '').length)).high,
    );
    const format = (texts: readonly string[]) =>
      texts
        .map((text, column) => {
          const width = widths[column] ?? 0;
          return this.#numeric[column] ? text.padStart(width) : text.padEnd(width);
        })
        .join('  ')
        .trimEnd();
    const rule = widths.map((width) => '─'.repeat(width)).join('  ');
    const caption = this.caption ? [this.caption] : [];
    return [...caption, format(this.#header), rule, ...this.#cells.map(format)].join('\n');
  }

  [inspect.custom](): string {
    return this.toString();
  }

  [Symbol.for('Jupyter.display')](): MimeBundle {
    return { 'text/html': this.toHtml(), 'text/plain': this.toString() };
  }

  /** Shows the table in the cell that runs now; outside a notebook as text on `output`. */
  show({ output }: ShowOptions = {}): void {
    const display = openDisplay();
    if (display) display.update({ 'text/html': this.toHtml(), 'text/plain': this.toString() });
    else output?.write(`${this.toString()}\n`);
  }
}

/**
 * A table of rows, `table([{ layer: 'conv_in', parameters: 320 }, …])`, or of the keys and values
 * of one object, `table(config)`.
 */
export function table(
  content: readonly Readonly<Record<string, unknown>>[] | object,
  options: TableOptions = {},
): Table {
  if (Array.isArray(content)) {
    return new Table(content as readonly Readonly<Record<string, unknown>>[], options);
  }
  const rows = Object.entries(content).map(([key, value]) => ({ key, value: value as unknown }));
  return new Table(rows, options);
}
