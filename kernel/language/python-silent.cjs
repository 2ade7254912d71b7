'use strict';
// What who knows Python writes and TypeScript takes, as undefined, false or NaN: `xs[-1]`, `'a' in xs`, `-x` of a tensor.

const ts = require('typescript');
const { kindOf, operators } = require('./python-habits.cjs');

/** What is written for `x[i]` of what has no such place. */
const indexed = {
  tensor: (x, i) =>
    `A tensor is not indexed. In TypeScript: sd.tf.gather(${x}, ${i}), or ${x}.arraySync()[${i}].`,
  'data set': (x, i) =>
    `A data set is not indexed. In TypeScript: ${x}.images[${i}], and ${x}.captions[${x}.captionIds[${i}]].`,
  loader: (x) =>
    `A loader is not indexed. In TypeScript: for (const batch of ${x}) { … }, or [...${x}][0].`,
};

/** `xs[-1]`, which is undefined. */
function fromTheEnd({ expression, argumentExpression: index }, { checker, file }) {
  const isNegative =
    ts.isPrefixUnaryExpression(index) &&
    index.operator === ts.SyntaxKind.MinusToken &&
    ts.isNumericLiteral(index.operand);
  const type = checker.getApparentType(checker.getTypeAtLocation(expression));
  if (!isNegative || type.getProperty('at') === undefined) return undefined;
  const x = expression.getText(file);
  return `${x}[${index.getText(file)}] is undefined here. In TypeScript: ${x}.at(${index.getText(file)}).`;
}

/** `'a' in xs`, which asks for a key, and `x == y` of tensors, which asks whether they are the same one. */
function comparison({ left, right, operatorToken }, kind, file) {
  const [a, b] = [left, right].map((each) => each.getText(file));
  if (operatorToken.kind === ts.SyntaxKind.InKeyword)
    return kind(right) === 'list' && kind(left) === 'text'
      ? `\`in\` looks for a key. In TypeScript: ${b}.includes(${a}).`
      : undefined;
  const isEqual = [ts.SyntaxKind.EqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsToken].includes(
    operatorToken.kind,
  );
  if (!isEqual || kind(left) !== 'tensor' || kind(right) !== 'tensor') return undefined;
  return `Tensors have no operators. In TypeScript: sd.tf.${operators[operatorToken.kind]}(${a}, ${b}).`;
}

/** What TypeScript takes, as undefined, false or NaN: `x[0]` and `-x` of a tensor. */
function silent(node, { checker, file }) {
  const kind = (each) => kindOf(checker, checker.getTypeAtLocation(each));
  if (ts.isBinaryExpression(node)) return comparison(node, kind, file);
  if (ts.isElementAccessExpression(node) && Object.hasOwn(indexed, kind(node.expression))) {
    const { expression, argumentExpression: index } = node;
    if (!(checker.getTypeAtLocation(index).flags & ts.TypeFlags.NumberLike)) return undefined;
    return indexed[kind(expression)](expression.getText(file), index.getText(file));
  }
  if (ts.isElementAccessExpression(node)) return fromTheEnd(node, { checker, file });
  const isSigned = ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken;
  if (!isSigned || kind(node.operand) !== 'tensor') return undefined;
  return `Tensors have no operators. In TypeScript: sd.tf.neg(${node.operand.getText(file)}).`;
}

/** Beyond TypeScript's codes. */
const OWN = 90_001;

/** What a checked cell may be refused for beside TypeScript's own errors, in the form of these. */
function silentErrors(file, checker) {
  const found = [];
  const visit = (node) => {
    const messageText = silent(node, { checker, file });
    const [start, length] = [node.getStart(file), node.getWidth(file)];
    if (messageText) found.push({ code: OWN, file, start, length, messageText });
    else ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return found;
}

module.exports = { silentErrors };
