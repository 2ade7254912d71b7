'use strict';
// What the compiler has against a cell, as the user reads it: each thing once, with its place marked.

const path = require('node:path');
const { inspect } = require('node:util');
const ts = require('typescript');
const { asWritten } = require('../magics.cjs');
const { hintAtLine, hintOf, lineOf, missingName } = require('./hints.cjs');
const { pythonHabit, undeclared } = require('./python-habits.cjs');
const { otherLine, pythonLine, pythonName } = require('./python-lines.cjs');

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

/** Of a longer line what is around the place is shown. */
const longest = 160;

/** The place of a line marked under it, as `tsc --pretty` does. */
function marked(text, line, character, length) {
  const from = text.length <= longest ? 0 : Math.max(0, character - longest / 2);
  const cut = text.length - from > longest ? '…' : '';
  const shown = `${from > 0 ? '…' : ''}${text.slice(from, from + longest)}`;
  const at = character - from + (from > 0 ? 1 : 0);
  const gutter = `${line + 1} `;
  const width = Math.max(1, Math.min(length, shown.length - at));
  const before = shown.slice(0, at).replace(/[^\t]/g, ' ');
  return `${gutter}${shown}${cut}\n${' '.repeat(gutter.length)}${before}${'~'.repeat(width)}`;
}

function block({ file, start, length }, message, { folder, isCell, bracket = -1 }) {
  const { line, character } = ts.getLineAndCharacterOfPosition(file, start);
  const starts = ts.getLineStarts(file);
  const isOfCell = isCell(file.fileName);
  const text = asWritten(file.text.slice(starts[line], starts[line + 1])).replace(/[\r\n]+$/, '');
  // What is put in stands in the first line that is not empty.
  const put =
    isOfCell && bracket >= starts[line] && text[bracket - starts[line]] === '('
      ? bracket - starts[line]
      : -1;
  const own = put === -1 ? text : text.slice(0, put) + text.slice(put + 1);
  const at = put === -1 || character <= put ? character : character - 1;
  const name = isOfCell ? '' : `${path.relative(folder, file.fileName)}:`;
  return `${name}${line + 1}:${at + 1} - ${message}\n\n${marked(own, line, at, length)}`;
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
    (isInCell && diagnostic.code < firstOfTypes
      ? (otherLine(lineOf(diagnostic)) ?? pythonLine(lineOf(diagnostic)))
      : undefined) ??
    (isInCell ? pythonHabit(diagnostic, checker) : undefined) ??
    hintOf(diagnostic, isInCell ? folder : path.dirname(diagnostic.file.fileName))
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
 * @param context.bracket where one was put into the cell, or -1
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
      python: missing === null ? undefined : (pythonName(missing) ?? undeclared(diagnostic)),
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
