'use strict';
// What to do about an error, where the compiler's own words do not say it.

const ts = require('typescript');
const { unknownMagic } = require('../magics.cjs');
const { howToAdd, isNear, isPackage, noFile } = require('./missing-modules.cjs');

/** TypeScript's codes for a name that is nowhere: as a value, a type, a namespace, in `{ name }`. */
const missingCodes = new Set([2304, 2503, 18004, 2580, 2581, 2582, 2583, 2584]);

/**
 * The name that is missing since its cell was not run, or null if it is something else: what TypeScript holds for a typo
 * of a name that the cells have, or that differs by a character from a global one, is a typo.
 */
function missingName({ code, file, start, length, messageText }, knows) {
  const name = file.text.slice(start, start + length);
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return null;
  if (missingCodes.has(code)) return name;
  if (code !== 2552) return null;
  const text = ts.flattenDiagnosticMessageText(messageText, '\n');
  const suggested = /Did you mean '(.+?)'\?/.exec(text)?.[1];
  return suggested !== undefined && (knows(suggested) || isNear(name, suggested)) ? null : name;
}

/** The line that something is said of. */
function lineOf({ file, start }) {
  const { line } = ts.getLineAndCharacterOfPosition(file, start);
  const starts = ts.getLineStarts(file);
  return file.text.slice(starts[line], starts[line + 1]).trim();
}

/** A line that begins as IPython's magics and shell commands do. */
const hintAtLine = (diagnostic) => unknownMagic(lineOf(diagnostic));

/** TypeScript's codes for a module that is not there, with names and without. */
const missingModules = new Set([2307, 2792, 2882]);

function hintOf({ code, messageText }, folder) {
  const text = ts.flattenDiagnosticMessageText(messageText, '\n');
  const specifier = /^Cannot find module (?:or type .*import of )?'(.+?)'/.exec(text)?.[1];
  if (!missingModules.has(code) || !specifier) return undefined;
  return isPackage(specifier) ? howToAdd(specifier, folder) : noFile(specifier, folder);
}

module.exports = { hintAtLine, hintOf, lineOf, missingName };
