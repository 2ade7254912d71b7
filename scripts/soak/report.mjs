// What the parts found, as the table of docs/reliability.md.
import fs from 'node:fs';
import path from 'node:path';

const START = '<!-- figures of the last run -->';
const END = '<!-- end of figures -->';

/** @typedef {{ name: string, date: string, minutes: number, failed: boolean,
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

/**
 * @param {string[]} names of all parts
 * @param {Map<string, SoakResult>} results by name
 */
export function soakTable(names, results) {
  const rows = names.flatMap((name) => {
    const command = `\`npm run soak -- --only ${name}\``;
    const result = results.get(name);
    if (result === undefined) return [`| (all of it) | not run | ${command} |`];
    const { date, minutes, failed, figures } = result;
    const when = `${date}, ${minutes.toFixed(1)} min`;
    if (failed) return [`| (all of it) | **failed** | ${command}, ${when} |`];
    return figures.map(
      ({ promise, found }) => `| ${cell(promise)} | ${cell(found)} | ${command}, ${when} |`,
    );
  });
  return ['| what is tried | found | command |', '| --- | --- | --- |', ...rows].join('\n');
}

/** Puts the table between the document's two marks. */
export function writeTable(document, table) {
  const text = fs.readFileSync(document, 'utf8');
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start < 0 || end < start) throw new Error(`${document}: expected ${START} … ${END}.`);
  const head = text.slice(0, start + START.length);
  fs.writeFileSync(document, `${head}\n\n${table}\n\n${text.slice(end)}`);
}
