'use strict';
// How names of the cells' scope are read, written and declared in what runs: `lr` is `$cells.lr`.

const ts = require('typescript');
const { isVar } = require('./names.cjs');

/** The object that holds the cells' variables, and a function that finds names declared later, in what runs. */
const SCOPE = '$cells';
const LATE = '$late';

const { SyntaxKind } = ts;
/** `f = () => 1` names its function, as do these. */
const namingAssignments = new Set([
  SyntaxKind.EqualsToken,
  SyntaxKind.BarBarEqualsToken,
  SyntaxKind.AmpersandAmpersandEqualsToken,
  SyntaxKind.QuestionQuestionEqualsToken,
]);

function isAnonymousFunction(node) {
  while (ts.isParenthesizedExpression(node)) node = node.expression;
  return (
    ts.isArrowFunction(node) ||
    ((ts.isFunctionExpression(node) || ts.isClassExpression(node)) && !node.name)
  );
}

const isCalled = (node, { parent } = node) =>
  (ts.isCallExpression(parent) && parent.expression === node) ||
  (ts.isTaggedTemplateExpression(parent) && parent.tag === node);

/** Whether a name is only read, so that a call may stand in its place. */
function isRead(node) {
  let { parent } = node;
  if (ts.isBinaryExpression(parent) && parent.left === node)
    return !ts.isAssignmentOperator(parent.operatorToken.kind);
  if (ts.isPrefixUnaryExpression(parent) || ts.isPostfixUnaryExpression(parent))
    return ![SyntaxKind.PlusPlusToken, SyntaxKind.MinusMinusToken].includes(parent.operator);
  // A name in a literal may be the target of a pattern.
  while (
    ts.isArrayLiteralExpression(parent) ||
    ts.isObjectLiteralExpression(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isSpreadElement(parent) ||
    ts.isSpreadAssignment(parent)
  )
    ({ parent } = parent);
  if (ts.isForInStatement(parent) || ts.isForOfStatement(parent))
    return parent.initializer.pos > node.pos || parent.initializer.end < node.end;
  return !(
    ts.isBinaryExpression(parent) &&
    ts.isAssignmentOperator(parent.operatorToken.kind) &&
    node.end <= parent.left.end
  );
}

class References {
  /**
   * @param edits of the text
   * @param visit visits a node with its scope
   */
  constructor(edits, visit) {
    this.edits = edits;
    this.visit = visit;
  }

  /** A name of the cells' scope. */
  shared(node) {
    const { parent, text: name } = node;
    const { edits } = this;
    const start = node.getStart();
    if (ts.isShorthandPropertyAssignment(parent)) {
      edits.insert(start, `${name}: ${SCOPE}.`);
      if (parent.objectAssignmentInitializer)
        this.keepName(name, parent.objectAssignmentInitializer);
    } else if (isCalled(node)) {
      edits.insert(start, `(0, ${SCOPE}.`); // else the object would be the call's `this`
      edits.insert(node.end, ')', start);
    } else {
      edits.insert(start, `${SCOPE}.`);
    }
    if (
      ts.isBinaryExpression(parent) &&
      parent.left === node &&
      namingAssignments.has(parent.operatorToken.kind)
    )
      this.keepName(name, parent.right);
  }

  /** A name that nothing declares yet: a later cell may, as `declare const x: number;` says. */
  late(node) {
    const { parent, text: name } = node;
    const found = `${LATE}(${JSON.stringify(name)})`;
    const start = node.getStart();
    if (ts.isShorthandPropertyAssignment(parent)) {
      if (!parent.objectAssignmentInitializer) this.edits.insert(node.end, `: ${found}`);
    } else if (ts.isTypeOfExpression(parent)) {
      this.edits.replace(parent.getStart(), node.end, `${LATE}(${JSON.stringify(name)}, true)`);
    } else if (isRead(node)) {
      this.edits.replace(start, node.end, ts.isNewExpression(parent) ? `(${found})` : found);
    }
  }

  /** `f = () => 1` names its function; `$cells.f = () => 1` would not. */
  keepName(name, value) {
    if (!isAnonymousFunction(value) || name === '__proto__') return;
    this.edits.insert(value.getStart(), `({ ${name}: `);
    this.edits.insert(value.end, ` }).${name}`);
  }

  /** `let a = 1, { b } = c` of the cell's top as assignments. */
  declareList(list, scope) {
    const { edits } = this;
    const inHead = ts.isForInStatement(list.parent) || ts.isForOfStatement(list.parent);
    edits.remove(list.getStart(), list.declarations[0].getStart());
    for (const { name, initializer } of list.declarations) {
      const grouped = !ts.isIdentifier(name) && !inHead; // else `{` opens a block
      if (grouped) edits.insert(name.getStart(), '(');
      this.declare(name, scope);
      if (initializer) {
        this.visit(initializer, scope);
        if (ts.isIdentifier(name)) this.keepName(name.text, initializer);
        if (grouped) edits.insert(initializer.end, ')');
      } else if (!inHead && !isVar(list)) {
        edits.insert(name.end, ' = void 0');
      }
    }
  }

  /** A pattern of a declaration as one of an assignment: `{ a, b: [c] = d }` is `{ a: $cells.a, b: [$cells.c] = d }`. */
  declare(name, scope) {
    if (ts.isIdentifier(name)) {
      this.edits.insert(name.getStart(), `${SCOPE}.`);
      return;
    }
    for (const element of name.elements) {
      if (ts.isOmittedExpression(element)) continue;
      const { propertyName, name: target, initializer, dotDotDotToken } = element;
      if (propertyName) this.key(propertyName, scope);
      else if (ts.isObjectBindingPattern(name) && !dotDotDotToken)
        this.edits.insert(target.getStart(), `${target.text}: `);
      this.declare(target, scope);
      if (!initializer) continue;
      this.visit(initializer, scope);
      if (ts.isIdentifier(target)) this.keepName(target.text, initializer);
    }
  }

  /** A pattern of an inner scope: only its defaults and computed keys hold references. */
  leave(name, scope) {
    if (ts.isIdentifier(name)) return;
    for (const element of name.elements) {
      if (ts.isOmittedExpression(element)) continue;
      if (element.propertyName) this.key(element.propertyName, scope);
      this.leave(element.name, scope);
      if (element.initializer) this.visit(element.initializer, scope);
    }
  }

  /** A key of a pattern, a literal or a class: only a computed one holds references. */
  key(name, scope) {
    if (ts.isComputedPropertyName(name)) this.visit(name.expression, scope);
  }
}

module.exports = { LATE, References, SCOPE };
