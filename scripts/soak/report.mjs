// What the parts found, as the table of docs/reliability.md.
import fs from 'node:fs';
import path from 'node:path';

const START = '<!-- figures of the last run -->';
const END = '<!-- end of figures -->';

/** @typedef {{ name: string, date: string, minutes: number, failed: boolean, machine?: string,
 *   figures: { promise: string, found: string }[] }} SoakResult */

/** Where a part's result is kept. */
export const resultFile = (folder, name) => path.join(folder, `${name}.json`);

/** @returns {SoakResult | null} of a part that has run to its end */
export function readResult(folder, name) {
  try {
    return JSON.parse(fs.readFileSync(resultFile(folder, name), 'utf8'));
  } catch {
    return null;
  }
}

const cell = (text) => text.replaceAll('|', '\\|');

const commandOf = (name) => `\`npm run soak -- --only ${name}\``;

/**
 * The rows that a document has of a part: what an earlier run found, here or elsewhere.
 *
 * @returns {string[]} none if it was not run then either
 */
export function rowsOf(text, name) {
  const { start, end } = marks(text);
  const rows = text.slice(start, end).split('\n');
  return rows
    .filter((row) => row.includes(commandOf(name)) && !row.includes('| not run '))
    .map((row) => row.trim().replace(/ {2,}/g, ' '));
}

/** The machine that the document's table tells of, for example "2 CPU cores, Node 20.20.2"; null if none. */
function machineOf(text) {
  const { start, end } = marks(text);
  return /^On (.+):$/m.exec(text.slice(start, end))?.[1] ?? null;
}

/**
 * The machine of the table, and the table. Where rows of the document stay, its machine stays, too, and new rows of
 * another one name that.
 *
 * @param {string[]} names of all parts
 * @param {Map<string, SoakResult>} results by name
 * @param {string} document whose rows stand for parts without a result
 * @param {string} machine this one
 */
export function soakFigures(names, results, document, machine) {
  const staying = names.some((name) => !results.has(name) && rowsOf(document, name).length > 0);
  const heading = (staying ? machineOf(document) : null) ?? machine;
  return `On ${heading}:\n\n${soakTable(names, results, document, heading)}`;
}

/**
 * @param {string[]} names of all parts
 * @param {Map<string, SoakResult>} results by name
 * @param {string} document whose rows stand for parts without a result
 * @param {string} heading the machine that need not be named
 */
export function soakTable(names, results, document, heading = '') {
  const rows = names.flatMap((name) => {
    const command = commandOf(name);
    const result = results.get(name);
    // A part without figures was skipped: this machine lacks what its tests need.
    const isSkipped = result?.failed === false && result.figures.length === 0;
    if (result === undefined || isSkipped) {
      const known = rowsOf(document, name);
      return known.length > 0 ? known : [`| (all of it) | not run | ${command} |`];
    }
    const { date, minutes, failed, figures, machine = heading } = result;
    const where = machine === heading ? '' : `, on ${machine}`;
    const when = `${date}, ${minutes.toFixed(1)} min${where}`;
    if (failed) return [`| (all of it) | **failed** | ${command}, ${when} |`];
    return figures.map(
      ({ promise, found }) => `| ${cell(promise)} | ${cell(found)} | ${command}, ${when} |`,
    );
  });
  return ['| what is tried | found | command |', '| --- | --- | --- |', ...rows].join('\n');
}

/** Where the table stands. @throws Error if the document's two marks are not there */
function marks(text) {
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start < 0 || end < start) throw new Error(`Expected ${START} … ${END} in the document.`);
  return { start: start + START.length, end };
}

/** The document with the table between its two marks. */
export function withTable(text, table) {
  const { start, end } = marks(text);
  return `${text.slice(0, start)}\n\n${table}\n\n${text.slice(end)}`;
}
