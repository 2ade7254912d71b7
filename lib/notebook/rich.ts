/** HTML of values that a cell ends with: tables that fold, with small pictures in them. */

import { escapeHtml, NO_MATH } from '../figure/escape';
import type { Figure } from '../figure/figure';
import { table } from './html-table';

/** A value as HTML and, for terminals and Python, as text. */
export type HtmlBundle = Readonly<Record<'text/html' | 'text/plain', string>>;

/** A part that the reader can fold and unfold. Default: folded. */
export function folding(summary: string, html: string, { open = false } = {}): string {
  return `<details${open ? ' open' : ''}><summary>${escapeHtml(summary)}</summary>${html}</details>`;
}

/** A PNG inside HTML, with its alternative text. */
export function pictureHtml(png: Uint8Array, alt: string, more = ''): string {
  const data = Buffer.from(png).toString('base64');
  return `<img alt="${escapeHtml(alt)}" src="data:image/png;base64,${data}" style="max-width:100%"${more}>`;
}

/** A figure's picture inside HTML; a dark theme turns its colours, but not those of the pictures in it. */
export async function figureHtml(figure: Figure, alt = figure.alt): Promise<string> {
  const png = await figure.toPng();
  return pictureHtml(png, alt, ` data-sdm-pictures="${JSON.stringify(figure.pictureBoxes)}"`);
}

/** Text with its spaces and line breaks. */
export function preformatted(text: string): string {
  return `<pre class="${NO_MATH}">${escapeHtml(text)}</pre>`;
}

/** A heading, keys and values, and what follows them. */
export function card(
  title: string,
  values: Readonly<Record<string, unknown>>,
  more: readonly string[] = [],
): HtmlBundle {
  const facts = table(values);
  return {
    'text/html': `<div class="${NO_MATH}"><strong>${escapeHtml(title)}</strong>${facts.toHtml()}${more.join('')}</div>`,
    'text/plain': `${title}\n${facts.toString()}`,
  };
}

/** A parameter: its name with dots, its shape, how many numbers. */
export interface ParameterRow {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
}

/**
 * Parameters as a tree that folds along their names, each part with its sum: `down_blocks`, in it `0`,
 * in it `resnets` …; a part with one child only is joined with it.
 */
export function parameterTree(rows: readonly ParameterRow[]): string {
  const groups = new Map<string, ParameterRow[]>();
  const leaves: ParameterRow[] = [];
  for (const row of rows) {
    const dot = row.name.indexOf('.');
    if (dot < 0) {
      leaves.push(row);
      continue;
    }
    const [head, rest] = [row.name.slice(0, dot), row.name.slice(dot + 1)];
    groups.set(head, [...(groups.get(head) ?? []), { ...row, name: rest }]);
  }
  const own = leaves.length
    ? table(leaves.map(({ name, shape, size }) => ({ parameter: name, shape, size }))).toHtml()
    : '';
  const parts = [...groups].map(([head, members]) => {
    let [name, inside] = [head, members];
    for (;;) {
      const next = inside[0]?.name.split('.') ?? [];
      const prefix = `${next[0]}.`;
      if (next.length < 2 || !inside.every((row) => row.name.startsWith(prefix))) break;
      name += `.${next[0]}`;
      inside = inside.map((row) => ({ ...row, name: row.name.slice(prefix.length) }));
    }
    const sum = inside.reduce((total, { size }) => total + size, 0);
    return folding(`${name}: ${sum.toLocaleString('en-US')}`, parameterTree(inside));
  });
  return `<div style="margin-left:1em">${own}${parts.join('')}</div>`;
}
