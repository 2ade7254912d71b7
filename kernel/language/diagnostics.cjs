'use strict';
// What the compiler has against a cell, as the user reads it: each thing once, with its place marked.

const path = require('node:path');
const { inspect } = require('node:util');
const ts = require('typescript');
const { asWritten } = require('../magics.cjs');
const { hintAtLine, hintOf, missingName } = require('./hints.cjs');

/** A cell that TypeScript refuses. Its stack is what is shown. */
class TypeScriptError extends Error {
  constructor(blocks) {
    super(blocks[0].split('\n')[0]);
    this.stack = blocks.map((block) => `TypeScriptError: ${block}`).join('\n\n');
  }

  get name() {
    return 'TypeScriptError';
  }

  [inspect.custom]() {
    return this.stack;
  }
}

/** The line of a place with the place marked under it, as `tsc --pretty` does. */
function marked(file, start, length) {
  const { line, character } = ts.getLineAndCharacterOfPosition(file, start);
  const starts = ts.getLineStarts(file);
  const text = asWritten(file.text.slice(starts[line], starts[line + 1])).replace(/[\r\n]+$/, '');
  const gutter = `${line + 1} `;
  const width = Math.max(1, Math.min(length, text.length - character));
  const before = text.slice(0, character).replace(/[^\t]/g, ' ');
  return `${gutter}${text}\n${' '.repeat(gutter.length)}${before}${'~'.repeat(width)}`;
}

function block({ file, start, length }, message, { folder, isCell }) {
  const { line, character } = ts.getLineAndCharacterOfPosition(file, start);
  const name = isCell(file.fileName) ? '' : `${path.relative(folder, file.fileName)}:`;
  const place = `${name}${line + 1}:${character + 1}`;
  return `${place} - ${message}\n\n${marked(file, start, length)}`;
}

/** "a, b are not defined yet: run the cells above that define them." */
function notDefined(names) {
  return names.length === 1
    ? `${names[0]} is not defined yet: run the cell above that defines it.`
    : `${names.join(', ')} are not defined yet: run the cells above that define them.`;
}

/**
 * The error of a cell that is not to run.
 *
 * @param diagnostics at least one, of TypeScript
 * @param context.folder that files are named from
 * @param context.isCell whether a file is a cell
 * @param context.knows whether a name is one of the cells'
 */
function typeScriptError(diagnostics, context) {
  const found = diagnostics.map((diagnostic) => ({
    diagnostic,
    text: ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'),
    missing: context.isCell(diagnostic.file.fileName)
      ? missingName(diagnostic, context.knows)
      : null,
  }));
  const missing = [...new Set(found.map((each) => each.missing).filter((name) => name !== null))];
  const said = new Map(); // each message once, where it came first
  for (const { diagnostic, text, missing: name } of found) {
    const message =
      hintAtLine(diagnostic) ??
      (name !== null ? notDefined(missing) : (hintOf(diagnostic, context.folder) ?? text));
    if (!said.has(message)) said.set(message, diagnostic);
  }
  return new TypeScriptError(
    [...said].map(([message, diagnostic]) => block(diagnostic, message, context)),
  );
}

module.exports = { typeScriptError };
