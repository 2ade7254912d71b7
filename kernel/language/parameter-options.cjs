'use strict';
// The options that a function takes, for inspection: the fields of those of its parameters that are plain records.

const ts = require('typescript');

const mostOptions = 40;
const longestType = 60;

function deepest(node, position, isWanted) {
  let found = null;
  const visit = (each) => {
    if (each.pos > position || each.end < position) return;
    if (isWanted(each)) found = each;
    ts.forEachChild(each, visit);
  };
  visit(node);
  return found;
}

const isWithinArguments = (position) => (node) =>
  (ts.isCallExpression(node) || ts.isNewExpression(node)) && node.expression.end < position;

/** The signature of the call around the position, or of the name at it. */
function signatureAt({ checker, source, position }, isInCall) {
  if (isInCall) {
    const call = deepest(source, position, isWithinArguments(position));
    return call && { signature: checker.getResolvedSignature(call), node: call };
  }
  const name = deepest(source, position, ts.isIdentifier);
  if (!name) return null;
  const type = checker.getTypeAtLocation(name);
  const [signature] = [...type.getCallSignatures(), ...type.getConstructSignatures()];
  return signature && { signature, node: name };
}

/** Whether a type is a record of options: an interface or a literal, not a class, a list or a function. */
function isRecord(type) {
  const flags = type.symbol?.flags ?? type.aliasSymbol?.flags ?? 0;
  const isObject = type.isIntersection() || (type.flags & ts.TypeFlags.Object) !== 0;
  if (!isObject || (flags & ts.SymbolFlags.Class) !== 0) return false;
  if (type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0) return false;
  // What TypeScript and Node declare (Map, Buffer, arrays) has methods, no options.
  return !(type.symbol?.declarations ?? []).some((each) =>
    /[\\/](typescript[\\/]lib|@types[\\/]node)[\\/]/.test(each.getSourceFile().fileName),
  );
}

function shortened(text) {
  return text.length <= longestType ? text : `${text.slice(0, longestType - 1)}…`;
}

/**
 * @param view null for none
 * @param name of the parameter, in a call; without it those of all parameters, of the name at the position
 * @returns `name`, `type` and `documentation` of each option
 */
function optionsOf(view, name, index) {
  const found = view && signatureAt(view, name !== undefined);
  if (!found?.signature) return [];
  const { checker } = view;
  const { parameters } = found.signature;
  const wanted =
    name === undefined
      ? parameters
      : [parameters.find((each) => each.name === name) ?? parameters[index]].filter(Boolean);
  return wanted.flatMap((parameter) => {
    const type = checker.getNonNullableType(
      checker.getTypeOfSymbolAtLocation(parameter, found.node),
    );
    if (!isRecord(type)) return [];
    const fields = checker.getPropertiesOfType(type);
    if (fields.length > mostOptions) return [];
    return fields.map((field) => {
      const isOptional = (field.flags & ts.SymbolFlags.Optional) !== 0;
      const fieldType = checker.getTypeOfSymbolAtLocation(field, found.node);
      const shown = isOptional ? checker.getNonNullableType(fieldType) : fieldType;
      return {
        name: isOptional ? `${field.name}?` : field.name,
        type: shortened(checker.typeToString(shown, found.node)),
        documentation: ts.displayPartsToString(field.getDocumentationComment(checker)),
      };
    });
  });
}

module.exports = { optionsOf };
