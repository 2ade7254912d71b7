// What a check found, in lines.

/** @typedef {{ mode: string, part: string, what?: string, value?: number, bound?: number, error?: string }} Row */

/** Whether a row is as it should be. @param {Row} row */
export const isFine = ({ error, value, bound }) =>
  error === undefined && Number.isFinite(value) && value <= bound;

const shown = (value) =>
  Number.isInteger(value)
    ? String(value)
    : Math.abs(value) < 1e-2
      ? value.toExponential(1)
      : value.toFixed(2);

/** A row as a line that begins with OK or FAIL. @param {Row} row */
export function lineOf(row) {
  const { mode, part, what, value, bound, error } = row;
  const head = `${isFine(row) ? 'OK  ' : 'FAIL'}  ${mode.padEnd(7)}  `;
  if (error !== undefined) return `${head}${part}: ${error}`;
  const found = typeof value === 'number' ? shown(value) : 'nothing';
  return `${head}${what}: ${found} (at most ${shown(bound)})`;
}

/** What is to be said of all rows. @param {Row[]} rows */
export function verdictOf(rows) {
  if (rows.length === 0) return 'Nothing was checked.';
  const bad = rows.filter((row) => !isFine(row));
  if (bad.length === 0) return `All ${rows.length} are within their bounds.`;
  const lines = bad.map((row) => lineOf(row));
  return `${bad.length} of ${rows.length} are not as they should be:\n${lines.join('\n')}`;
}

/** Why the CPU was checked. @param {string | null} card the GPU that is there, if one is */
export function onCpu(card, isAsWanted) {
  if (card === null) return 'No GPU found: the CPU was checked.';
  return isAsWanted
    ? `${card} is not used, as SDM_DEVICE=cpu asks: the CPU was checked.`
    : `FAIL  TensorFlow does not use ${card}: the CPU was checked. \`npm run doctor\` says why.`;
}

/**
 * The rows of a process's lines; a part that did not come to its end has failed.
 *
 * @param {object[]} answers lines of worker.cjs
 * @param {string[]} parts those that it was to run
 * @param {{ mode: string, ended: string }} run how the process ended, in words
 * @returns {Row[]}
 */
export function rowsOf(answers, parts, { mode, ended }) {
  return parts.flatMap((part) => {
    const own = answers.filter((line) => line.part === part);
    const rows = own.filter(({ isDone }) => !isDone).map((line) => ({ mode, ...line }));
    if (own.some(({ isDone }) => isDone)) return rows;
    return [...rows, { mode, part, error: `did not come to its end: ${ended}` }];
  });
}
