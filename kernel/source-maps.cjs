'use strict';
// tslab compiles a cell twice and keeps no source maps, so that traces would name lines of JavaScript.
// Here the maps of both passes are kept, and each trace is told in the lines of the cell.

const { foreignFrame } = require('./messages.cjs');
const { originalPositionFor, TraceMap } = require('@jridgewell/trace-mapping');

const compiledCell = '__tslab__.js';
const addedLines = 1; // tslab's `export {};` above each cell
const inlineMap = /\n\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;
const cellFrame = /(In\[\d+\]):(\d+):(\d+)/g;

/** Maps by the cell's name, from JavaScript back to the cell: the second pass's, then the first's. */
const mapsOfCells = new Map();

function originalPosition(cell, line, column) {
  let position = { line, column: column - 1 };
  for (const map of mapsOfCells.get(cell) ?? []) {
    position = originalPositionFor(map, position);
    if (position.line === null) return null;
  }
  return { line: position.line - addedLines, column: position.column + 1 };
}

/** Writes the positions of cells in a frame of a trace as those of their own text. */
function inCellLines(frame) {
  return frame.replace(cellFrame, (_, cell, line, column) => {
    const position = originalPosition(cell, Number(line), Number(column));
    return position && position.line > 0 ? `${cell}:${position.line}:${position.column}` : cell;
  });
}

/**
 * TypeScript as tslab gets it: both passes make maps.
 *
 * @param nameOfCell gives the present cell's name, `In[3]`
 */
function withSourceMaps(typescript, nameOfCell) {
  return {
    ...typescript,
    createWatchCompilerHost: (files, options, ...rest) =>
      typescript.createWatchCompilerHost(files, { ...options, inlineSourceMap: true }, ...rest),
    transpileModule(input, { compilerOptions, ...options }) {
      const found = inlineMap.exec(input);
      const first = found && JSON.parse(Buffer.from(found[1], 'base64').toString());
      if (first?.file !== compiledCell) {
        return typescript.transpileModule(input, { compilerOptions, ...options });
      }
      const result = typescript.transpileModule(input.slice(0, found.index), {
        ...options,
        compilerOptions: { ...compilerOptions, sourceMap: true },
      });
      const cell = nameOfCell();
      mapsOfCells.set(cell, [new TraceMap(result.sourceMapText), new TraceMap(first)]);
      // The first line is left to what tslab puts before the code.
      const code = result.outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '');
      return { ...result, outputText: `${code}\n//# sourceURL=${cell}` };
    },
  };
}

/** Makes every trace tell lines of cells. */
function installTraces() {
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => `    at ${inCellLines(String(frame))}`);
    const cell = lines.findLastIndex((line) => line.includes('at In[') || line.includes('(In['));
    // What is below a cell is the kernel that runs it.
    const shown = lines.filter((line, index) => index <= cell || !foreignFrame.test(line));
    return [Error.prototype.toString.call(error), ...shown].join('\n');
  };
}

module.exports = { installTraces, withSourceMaps };
