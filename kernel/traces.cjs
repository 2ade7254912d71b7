'use strict';
// Each trace is told in the lines of the cells, and of the TypeScript files that they import.

const { CELL } = require('./awaited.cjs');
const { inLibraryLines } = require('./library-traces.cjs');
const { foreignFrame } = require('./messages.cjs');
const { ownPosition } = require('./own-files.cjs');
const { inCellNames, said } = require('./said.cjs');

/** That of a cell's own lines, not of a function in it. */
const topFrame = new RegExp(`\\${CELL} \\((.+)\\)$`);
const cellFrame = /(In\[\d+\]):(\d+):(\d+)/g;
const fileFrame = /(\/[^()]*?\.[cm]?tsx?):(\d+):(\d+)/;

/**
 * Makes every trace tell lines that the user has written.
 *
 * @param originalPosition from the cell's name and a position in what ran to the cell's own, or null
 */
function installTraces(originalPosition) {
  const inOwnLines = (frame) =>
    inCellNames(inLibraryLines(frame))
      .replace(topFrame, '$1')
      .replace(cellFrame, (_, cell, line, column) => {
        const position = originalPosition(cell, Number(line), Number(column));
        return position ? `${cell}:${position.line}:${position.column}` : cell;
      })
      .replace(fileFrame, (_, file, ...place) => {
        const position = ownPosition(file, ...place.slice(0, 2).map(Number));
        return `${file}:${position.line}:${position.column}`;
      });
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => `    at ${inOwnLines(String(frame))}`);
    const cell = lines.findLastIndex((line) => line.includes('at In[') || line.includes('(In['));
    // What is below a cell is the kernel that runs it.
    const shown = lines.filter((line, index) => index <= cell || !foreignFrame.test(line));
    return [Error.prototype.toString.call(said(error)), ...shown].join('\n');
  };
}

module.exports = { installTraces };
