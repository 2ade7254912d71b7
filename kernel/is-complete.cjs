'use strict';
// Whether a console should run what was typed.

const ts = require('typescript');
const { objectInBrackets } = require('./magics.cjs');

/** TypeScript's codes for what another line can still end, wherever they are reported. */
const unended = new Set([
  1010, // '*/' expected
  1160, // Unterminated template literal
]);

const unterminatedString = 1002;

/** And for a word that is cut off: no other line helps. */
const cutOff = new Set([
  unterminatedString,
  1124, // Digit expected
  1125, // Hexadecimal digit expected
  1161, // Unterminated regular expression literal
  1177, // Binary digit expected
  1178, // Octal digit expected
  1199, // Unterminated Unicode escape sequence
]);

/** IPython's magics are no TypeScript: the cell behind `%time` is, and others say themselves what to use. */
const timing = /^[ \t]*%{1,2}time\b/m;
const otherMagic = /^\s*(%{1,2}[a-z]|!\s*[a-z.~/])/i;

/** The code as a module, so that `await` is one, and as TypeScript, where `<T>` is no element of JSX. */
function parse(code) {
  return ts.createSourceFile(
    'cell.ts',
    code,
    {
      languageVersion: ts.ScriptTarget.Latest,
      setExternalModuleIndicator: (file) => (file.externalModuleIndicator = true),
    },
    /* setParentNodes */ false,
    ts.ScriptKind.TS,
  );
}

const bracketSteps = new Map([
  [ts.SyntaxKind.OpenBraceToken, 1],
  [ts.SyntaxKind.OpenBracketToken, 1],
  [ts.SyntaxKind.OpenParenToken, 1],
  [ts.SyntaxKind.CloseBraceToken, -1],
  [ts.SyntaxKind.CloseBracketToken, -1],
  [ts.SyntaxKind.CloseParenToken, -1],
]);

/** Two spaces for each line that leaves more brackets open than it closes. */
function indentAfter(code) {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, /* skipTrivia */ true);
  scanner.setText(code);
  const opened = []; // the lines of the brackets that are open
  let line = 0;
  let last = 0;
  for (;;) {
    const kind = scanner.scan();
    if (kind === ts.SyntaxKind.EndOfFileToken) break;
    line += code.slice(last, scanner.getTokenStart()).split('\n').length - 1;
    last = scanner.getTokenStart();
    const step = bracketSteps.get(kind) ?? 0;
    if (step > 0) opened.push(line);
    if (step < 0) opened.pop();
  }
  return '  '.repeat(new Set(opened).size);
}

/** `let` with nothing behind it parses; only the checker is against it. */
function lacksNames(file) {
  const last = file.statements.at(-1);
  if (last === undefined) return false;
  const isKeyword =
    ts.isExpressionStatement(last) &&
    ts.isIdentifier(last.expression) &&
    last.expression.text === 'let';
  return (
    isKeyword || (ts.isVariableStatement(last) && last.declarationList.declarations.length === 0)
  );
}

/**
 * The answer to an `is_complete_request`: `complete` when it parses, `incomplete` when all that it lacks is at its
 * end, else `invalid`.
 */
function isComplete(code) {
  const answer = ofTypeScript(objectInBrackets(code).text);
  if (answer.status !== 'invalid') return answer;
  if (timing.test(code))
    return ofTypeScript(code.replace(timing, (magic) => ' '.repeat(magic.length)));
  return otherMagic.test(code) ? { status: 'complete' } : answer;
}

function ofTypeScript(code) {
  const file = parse(code);
  const [first] = file.parseDiagnostics;
  if (first === undefined)
    return lacksNames(file) ? { status: 'incomplete', indent: '' } : { status: 'complete' };
  // A string goes on after a backslash at the line's end.
  if (first.code === unterminatedString && /(^|[^\\])(\\\\)*\\$/.test(code))
    return { status: 'incomplete', indent: '' };
  // Behind the last token come only blanks and comments.
  const atEnd = first.start >= file.endOfFileToken.pos || unended.has(first.code);
  const exports = /^export(\s+(abstract|async|declare|default))*\s*$/.test(code.slice(first.start));
  if (cutOff.has(first.code) || (!atEnd && !exports)) return { status: 'invalid' };
  const inText = file.parseDiagnostics.some(({ code: number }) => unended.has(number));
  return { status: 'incomplete', indent: inText ? '' : indentAfter(code) };
}

/** Mends tslab's answer to `is_complete_request`: it parses as TSX and calls broken code complete. */
function installIsComplete({ jupyter }) {
  jupyter.JupyterHandlerImpl.prototype.handleIsComplete = ({ code }) => isComplete(code);
}

module.exports = { installIsComplete };
