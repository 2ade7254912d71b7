'use strict';
// A checked cell as JavaScript, and from positions in it back to the cell.

const { originalPositionFor, TraceMap } = require('@jridgewell/trace-mapping');
const ts = require('typescript');
const { compiling } = require('./options.cjs');

/** @returns `text`, and `map`, the source map */
function compile(text) {
  const { outputText, sourceMapText } = ts.transpileModule(text, {
    fileName: 'cell.ts',
    compilerOptions: { ...compiling, verbatimModuleSyntax: true, sourceMap: true },
  });
  return { text: outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, ''), map: sourceMapText };
}

const lineStarts = (text) => [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];

/**
 * From a line and column in what ran, from 1, to the cell's own or null: back over the insertions, then over
 * TypeScript's map.
 */
function positions(code, before, compiled) {
  const ran = lineStarts(code);
  const emitted = lineStarts(compiled.text);
  const trace = new TraceMap(compiled.map);
  return (line, column) => {
    const offset = before(ran[line - 1] + column - 1);
    const index = emitted.findLastIndex((start) => start <= offset);
    const found = originalPositionFor(trace, { line: index + 1, column: offset - emitted[index] });
    return found.line === null ? null : { line: found.line, column: found.column + 1 };
  };
}

module.exports = { compile, positions };
