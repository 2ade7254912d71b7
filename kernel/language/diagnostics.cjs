'use strict';
// What the compiler has against a cell, as the user reads it: each thing once, with its place marked.

const path = require('node:path');
const { inspect } = require('node:util');
const ts = require('typescript');
const { asWritten } = require('../magics.cjs');
const { hintAtLine, hintOf, lineOf, missingName } = require('./hints.cjs');
const { pythonHabit } = require('./python-habits.cjs');
const { pythonLine, pythonName } = require('./python-lines.cjs');

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

/** TypeScript's own errors of syntax have codes below this. */
const firstOfTypes = 2000;

/** What is said of one error, or undefined where the compiler's words are as good as any. */
function hint(diagnostic, { folder, isCell, checker }) {
  const isInCell = isCell(diagnostic.file.fileName);
  return (
    hintAtLine(diagnostic) ??
    (isInCell && diagnostic.code < firstOfTypes ? pythonLine(lineOf(diagnostic)) : undefined) ??
    (isInCell ? pythonHabit(diagnostic, checker) : undefined) ??
    hintOf(diagnostic, folder)
  );
}

/** What the compiler adds to its message: "Did you forget to use 'await'?" */
const forgotten = ({ relatedInformation = [] }) =>
  relatedInformation
    .filter(({ code }) => code === 2773)
    .map(({ messageText }) => ` ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
    .join('');

/**
 * The error of a cell that is not to run.
 *
 * @param diagnostics at least one, of TypeScript
 * @param context.folder that files are named from
 * @param context.isCell whether a file is a cell
 * @param context.knows whether a name is one of the cells'
 * @param context.checker of types
 */
function typeScriptError(diagnostics, context) {
  const found = diagnostics.map((diagnostic) => {
    const hinted = hint(diagnostic, context);
    const isCell = context.isCell(diagnostic.file.fileName);
    const missing = !hinted && isCell ? missingName(diagnostic, context.knows) : null;
    return {
      diagnostic,
      hinted,
      missing,
      python: missing === null ? undefined : pythonName(missing),
    };
  });
  const missing = [
    ...new Set(found.filter(({ python }) => !python).map((each) => each.missing ?? undefined)),
  ].filter((name) => name !== undefined);
  const said = new Map(); // each message once, where it came first
  // What follows from a line that is no TypeScript is not told.
  const isOfLine = ({ diagnostic, hinted }) => hinted && diagnostic.code < firstOfTypes;
  const told = found.some(isOfLine) ? found.filter(isOfLine) : found;
  for (const { diagnostic, hinted, missing: name, python } of told) {
    const message =
      hinted ??
      python ??
      (name !== null
        ? notDefined(missing)
        : ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n') + forgotten(diagnostic));
    if (!said.has(message)) said.set(message, diagnostic);
  }
  return new TypeScriptError(
    [...said].map(([message, diagnostic]) => block(diagnostic, message, context)),
  );
}

module.exports = { typeScriptError };
