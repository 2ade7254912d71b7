import fs from 'node:fs';
import path from 'node:path';
import { root } from '../support/script';

interface StoredOutput {
  readonly data?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, { readonly alt?: string } | undefined>>;
}
interface StoredCell {
  readonly cell_type: string;
  readonly outputs?: readonly StoredOutput[];
  readonly metadata: { readonly tags?: readonly string[] };
  source: string | string[];
}
export interface StoredNotebook {
  readonly cells: StoredCell[];
}

const folder = path.join(root, 'notebooks');

/** The notebooks' names, in order. */
export const notebookNames = fs
  .readdirSync(folder)
  .filter((file) => file.endsWith('.ipynb'))
  .map((file) => path.basename(file, '.ipynb'))
  .sort();

/** Copies a notebook with its stored outputs; `edit` changes the text of its cells. */
export function copyNotebook(
  name: string,
  to: string,
  edit: (source: string) => string = (source) => source,
  newName = name,
): void {
  const text = fs.readFileSync(path.join(folder, `${name}.ipynb`), 'utf8');
  const notebook = JSON.parse(text) as StoredNotebook;
  for (const cell of notebook.cells) {
    if (cell.cell_type !== 'code') continue;
    const { source } = cell;
    cell.source = edit(Array.isArray(source) ? source.join('') : source);
  }
  fs.mkdirSync(to, { recursive: true });
  fs.writeFileSync(path.join(to, `${newName}.ipynb`), JSON.stringify(notebook));
}

/** What a person types to see quickly that a notebook works. */
export const withSmoke = (source: string): string =>
  source.replace("let preset: Preset = 'cpu'", "let preset: Preset = 'smoke'");

/** The cells of a notebook file. */
export function storedCells(file: string): readonly StoredCell[] {
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as StoredNotebook).cells;
}

/** What the cells print that count the tensors at a notebook's end, as text. */
export function storedTensorCounts(file: string): readonly string[] {
  const counts = storedCells(file).filter(({ source }) =>
    [source].flat().join('').includes("sd.table({ 'tensors alive':"),
  );
  return counts.flatMap(({ outputs = [] }) =>
    outputs.map(({ data }) => [data?.['text/plain']].flat().join('')),
  );
}

/** The outputs of a notebook file that hold a format. */
function outputsWith(file: string, format: string) {
  const outputs = storedCells(file).flatMap((cell) => cell.outputs ?? []);
  return outputs.filter(({ data }) => data?.[format] !== undefined);
}

/** The words of each output of a notebook file that holds a format, in order. */
export function storedWords(
  file: string,
  format: 'application/vnd.plotly.v1+json' | 'image/png',
): string[] {
  return outputsWith(file, format).map(({ data, metadata }) => {
    const text = [data?.['text/plain']].flat().join('');
    const figure = /^Figure \([^)]*\): /;
    // A picture by itself says its shape as text, and in words what it is.
    return figure.test(text) ? text.replace(figure, '') : (metadata?.['image/png']?.alt ?? text);
  });
}

/** How many live figures the outputs of a notebook file hold. */
export const storedFigures = (file: string): number =>
  outputsWith(file, 'application/vnd.plotly.v1+json').length;
