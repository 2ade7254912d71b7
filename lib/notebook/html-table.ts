/** Small tables of settings and counts, as HTML and as text. */

import { inspect } from 'node:util';
import { openDisplay, type MimeBundle } from '../figure/display-handle';
import { extentOf } from '../figure/extent';
import { escapeHtml, NO_MATH, shortened } from '../figure/escape';
import { cellText, columnTexts, messageOf } from './cell-text';
import type { ShowOptions } from '../figure/figure';

export interface TableOptions {
  readonly caption?: string;
  /** Keys of the rows to show, in this order. Default: all, in the order in which they first occur. */
  readonly columns?: readonly string[];
  /** Whether each number has its own digits, not those of its column. Default: in tables of keys and values. */
  readonly each?: boolean;
}

type Row = Readonly<Record<string, unknown>>;

const isWhole = (key: string) => /^(0|[1-9]\d*)$/.test(key);

/**
 * Keys in the order in which they first occur. JavaScript puts whole numbers before the others, whatever was written; here they come
 * behind them, as in a row that begins with its name.
 */
function keysOf(rows: readonly Row[]): string[] {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return [...keys.filter((key) => !isWhole(key)), ...keys.filter(isWhole)];
}

/** A field's value, whatever its getter does. */
function read(row: Row, key: string): unknown {
  try {
    return row[key];
  } catch (error) {
    return `(cannot be read: ${messageOf(error)})`;
  }
}

/** Numbers with their units: a line break would part them. */
const isQuantity = (text: string) =>
  text.length <= 40 && /^[\d\s.,%×±()–−+-]+$/.test(text) && text.includes(' ');

/** Rows of cells, each text up to 1,000 characters long, shown by ending a cell with it or by `show()`. */
export class Table {
  readonly caption: string | undefined;
  readonly #header: readonly string[];
  readonly #cells: readonly (readonly string[])[];
  readonly #numeric: readonly boolean[];

  /** @throws if a column is asked for that no row has */
  constructor(rows: readonly Readonly<Record<string, unknown>>[], options: TableOptions = {}) {
    const keys = keysOf(rows);
    const columns = options.columns ?? keys;
    const missing = columns.filter((column) => !keys.includes(column));
    if (rows.length && missing.length) {
      const [known, unknown] = [keys, missing].map((names) => shortened(names.join(', ')));
      throw new Error(`Expected columns among ${known}, got also ${unknown}.`);
    }
    this.caption = options.caption && shortened(options.caption);
    this.#header = columns.map((column) => shortened(column));
    const values = columns.map((column) => rows.map((row) => read(row, column)));
    const texts = values.map((column) =>
      options.each ? column.map(cellText) : columnTexts(column),
    );
    this.#cells = rows.map((_, row) => texts.map((column) => shortened(column[row] ?? '')));
    this.#numeric = values.map((column) =>
      column.every((value) => value == null || typeof value === 'number'),
    );
  }

  /** HTML with all text escaped; it takes the notebook's own style of tables. */
  toHtml(): string {
    const cell = (tag: string, text: string, column: number) =>
      `<${tag} style="text-align:${this.#numeric[column] ? 'right' : 'left'}${isQuantity(text) ? ';white-space:nowrap' : ''}">${escapeHtml(text)}</${tag}>`;
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

/** What is no record is a row of its place and its value, as in a pandas series. */
function rowsOf(items: readonly unknown[]): readonly Row[] {
  const records = items.every((item) => typeof item === 'object' && item !== null);
  if (items.length && records) return items as readonly Row[];
  return items.map((value, index) => ({ index, value }));
}

/**
 * A table of rows, `table([{ layer: 'conv_in', parameters: 320 }, …])`, of the items of a list or set, or of the keys and values of
 * one object or map, `table(config)`.
 *
 * @throws TypeError if the content is none of these
 */
export function table(content: readonly unknown[] | object, options: TableOptions = {}): Table {
  if (typeof content !== 'object' || content === null) {
    throw new TypeError(`table: expected rows, a list or an object, got ${String(content)}.`);
  }
  if (Array.isArray(content)) return new Table(rowsOf(content as readonly unknown[]), options);
  if (content instanceof Set || (ArrayBuffer.isView(content) && !(content instanceof DataView))) {
    return table(Array.from(content as Iterable<unknown>), options);
  }
  if ('dataSync' in content) {
    throw new TypeError(
      'table: expected rows, a list or an object, got a tensor: table(tensor.arraySync()) shows its numbers.',
    );
  }
  const entries: readonly (readonly [unknown, unknown])[] =
    content instanceof Map
      ? [...content]
      : Object.keys(content).map((key) => [key, read(content as Row, key)]);
  const rows = entries.map(([key, value]) => ({
    key: typeof key === 'string' ? key : cellText(key),
    value,
  }));
  return new Table(rows, { each: true, ...options });
}
