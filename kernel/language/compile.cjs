'use strict';
// A checked cell as JavaScript, and from positions in it back to the cell.

const { originalPositionFor, TraceMap } = require('@jridgewell/trace-mapping');
const ts = require('typescript');
const { compiling } = require('./options.cjs');

/** @returns the `source`, `text`: what was made of it, and `map`, the source map */
function compile(text) {
  const { outputText, sourceMapText } = ts.transpileModule(text, {
    fileName: 'cell.ts',
    compilerOptions: { ...compiling, verbatimModuleSyntax: true, sourceMap: true },
  });
  const emitted = outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '');
  return { source: text, text: emitted, map: sourceMapText };
}

const lineStarts = (text) => [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];

/** From a line and a column of a text with a bracket put into it, both from 0, to the column without it. */
function withoutBracket(text, bracket) {
  if (bracket === -1) return (_, column) => column;
  const before = text.slice(0, bracket);
  const [line, at] = [before.split('\n').length - 1, bracket - before.lastIndexOf('\n') - 1];
  return (of, column) => (of === line && column > at ? column - 1 : column);
}

/**
 * From a line and column in what ran, from 1, to the cell's own or null: back over the insertions, then over
 * TypeScript's map. `bracket` is where one was put into the cell, or -1.
 */
function positions(code, before, compiled, bracket = -1) {
  const ran = lineStarts(code);
  const emitted = lineStarts(compiled.text);
  const trace = new TraceMap(compiled.map);
  const columnOf = withoutBracket(compiled.source, bracket);
  return (line, column) => {
    const offset = before(ran[line - 1] + column - 1);
    const index = emitted.findLastIndex((start) => start <= offset);
    const found = originalPositionFor(trace, { line: index + 1, column: offset - emitted[index] });
    if (found.line === null) return null;
    return { line: found.line, column: columnOf(found.line - 1, found.column) + 1 };
  };
}

module.exports = { compile, positions };
