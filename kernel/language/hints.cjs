'use strict';
// What to do about an error, where the compiler's own words do not say it.

const ts = require('typescript');
const { unknownMagic } = require('../magics.cjs');

/** TypeScript's codes for a name that is nowhere: as a value, a type, a namespace, in `{ name }`. */
const missingCodes = new Set([2304, 2503, 18004, 2580, 2581, 2582, 2583, 2584]);

/** The same but for one character, or for capitals. */
function isNear(a, b) {
  if (a.toLowerCase() === b.toLowerCase()) return true;
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (short.length < 4 || long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  const rest = long.slice(at + 1);
  return (
    rest === short.slice(at) ||
    rest === short.slice(at + 1) ||
    (short.length === long.length &&
      short[at] === long[at + 1] &&
      short[at + 1] === long[at] &&
      rest.slice(1) === short.slice(at + 2))
  );
}

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

const packageName = (specifier) =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

const isPackage = (specifier) => !/^(\.{0,2}\/|\.{1,2}$|#|[a-z]+:)/.test(specifier);

/** How to have a package. */
const howToAdd = (specifier, folder) =>
  `There is no package ${packageName(specifier)}. \`npm install ${packageName(specifier)}\` in ${folder} adds it; ` +
  'then run this cell again, the kernel need not be restarted.';

function hintOf({ code, messageText }, folder) {
  const text = ts.flattenDiagnosticMessageText(messageText, '\n');
  const specifier = /^Cannot find module '(.+?)' or its corresponding/.exec(text)?.[1];
  if ((code === 2307 || code === 2792) && specifier && isPackage(specifier))
    return howToAdd(specifier, folder);
  return undefined;
}

module.exports = { hintAtLine, hintOf, lineOf, howToAdd, isPackage, missingName, packageName };
