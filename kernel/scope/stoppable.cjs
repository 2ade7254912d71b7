'use strict';
// Where code looks for Stop, which the thread that runs it cannot hear: at each turn of a loop, and in functions that call
// themselves. V8 could break code off anywhere, but also within Node's own, or while it writes a trace, which ends the process.

const ts = require('typescript');
const { Edits } = require('./edits.cjs');

/** A flag that Stop raises, and what is then called, in what runs. */
const FLAG = '$stop';
const TURN = '$turn';
/** What ends code whose cell was stopped and has ended, behind each `await`; it gives back what it is given. */
const ON = '$on';
const look = `if (${FLAG}[0] !== 0) ${TURN}();`;

const isLoop = (node) => ts.isIterationStatement(node, /* lookInLabeledStatements */ false);

/** The name that a function can call itself by. */
function nameOf(node) {
  if (node.name) return node.name;
  const { parent } = node;
  const isNamed = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent);
  return isNamed || ts.isPropertyDeclaration(parent) ? parent.name : undefined;
}

/** Whether a function speaks of itself in its body. */
function callsItself(node) {
  const name = node.body && nameOf(node);
  if (!name || !(ts.isIdentifier(name) || ts.isPrivateIdentifier(name))) return false;
  const speaks = (inner) =>
    ((ts.isIdentifier(inner) || ts.isPrivateIdentifier(inner)) && inner.text === name.text) ||
    ts.forEachChild(inner, speaks) === true;
  return speaks(node.body);
}

const isAwaitedLoop = (node) => ts.isForOfStatement(node) && node.awaitModifier !== undefined;

/** Looks before all else of a body; `endLook` is called once what is in the body has been edited. */
function beginLook(edits, body, before = '') {
  const looks = isAwaitedLoop(body.parent) ? `${look} ${ON}();` : look;
  if (ts.isBlock(body)) edits.insert(body.getStart() + 1, ` ${looks}`);
  else edits.insert(body.getStart(), `{ ${looks} ${before}`);
}

function endLook(edits, body, after = '') {
  if (!ts.isBlock(body)) edits.insert(body.end, `${after} }`);
}

/**
 * Code that waits cannot be broken off while it does: once its cell was stopped it is ended where it goes on, behind what
 * it has awaited. `endWait` is called once what is awaited has been edited.
 */
const beginWait = (edits, node) => edits.insert(node.getStart(), `${ON}(`);
const endWait = (edits, node) => edits.insert(node.end, ')');

/** What was awaited may have failed meanwhile. */
const lookInCatch = (edits, { block }) => edits.insert(block.getStart() + 1, ` ${ON}();`);

/** Strict JavaScript of a file that looks for Stop, in the same lines. */
function stoppable(code) {
  const file = ts.createSourceFile(
    'module.js',
    code,
    ts.ScriptTarget.ES2022,
    /* setParentNodes */ true,
    ts.ScriptKind.JS,
  );
  const edits = new Edits(code);
  const walk = (node) => {
    const isFunction = ts.isFunctionLike(node) && callsItself(node);
    const body = isLoop(node) ? node.statement : isFunction ? node.body : null;
    const waits = ts.isAwaitExpression(node);
    if (body) beginLook(edits, body, isFunction ? 'return (' : '');
    if (waits) beginWait(edits, node);
    if (ts.isCatchClause(node)) lookInCatch(edits, node);
    ts.forEachChild(node, walk);
    if (waits) endWait(edits, node);
    if (body) endLook(edits, body, isFunction ? ')' : '');
  };
  walk(file);
  const flag = `const [${FLAG}, ${TURN}, ${ON}] = globalThis[Symbol.for('kernel.look')]; `;
  return edits.apply(`'use strict'; ${flag}`, '').code;
}

module.exports = {
  FLAG,
  ON,
  TURN,
  beginLook,
  beginWait,
  callsItself,
  endLook,
  endWait,
  isLoop,
  lookInCatch,
  stoppable,
};
