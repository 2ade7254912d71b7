'use strict';
// Which names a scope of some JavaScript declares, without those of the scopes in it.

const ts = require('typescript');

/** Adds the names of a binding: `a`, or all of `{ a, b: [c] }`. */
function addBound(name, names) {
  if (ts.isIdentifier(name)) {
    names.add(name.text);
    return;
  }
  for (const element of name.elements)
    if (!ts.isOmittedExpression(element)) addBound(element.name, names);
}

const isVar = (list) => (list.flags & ts.NodeFlags.BlockScoped) === 0;

const addList = (list, names) => list.declarations.forEach(({ name }) => addBound(name, names));

/** What an import declaration binds, as [local name, name in the module]; `*` is all of it. */
function boundByImport({ importClause }) {
  const { name, namedBindings: bindings } = importClause ?? {};
  const bound = name ? [[name.text, 'default']] : [];
  if (bindings && ts.isNamespaceImport(bindings)) bound.push([bindings.name.text, '*']);
  else
    for (const element of bindings?.elements ?? [])
      bound.push([element.name.text, (element.propertyName ?? element.name).text]);
  return bound;
}

/** Adds what `let`, `const`, `class`, `function` and `import` declare among statements. */
function addLexical(statements, names) {
  for (const statement of statements) {
    const inner = ts.isLabeledStatement(statement) ? statement.statement : statement;
    if (ts.isVariableStatement(inner)) {
      if (!isVar(inner.declarationList)) addList(inner.declarationList, names);
    } else if (ts.isClassDeclaration(inner) || ts.isFunctionDeclaration(inner)) {
      if (inner.name) names.add(inner.name.text);
    } else if (ts.isImportDeclaration(inner)) {
      for (const [local] of boundByImport(inner)) names.add(local);
    }
  }
}

/** Adds what `var` declares, however deep in blocks, but not in functions. */
function addVars(node, names) {
  if (
    ts.isFunctionLike(node) ||
    ts.isClassStaticBlockDeclaration(node) ||
    ts.isPropertyDeclaration(node)
  )
    return;
  if (ts.isVariableDeclarationList(node) && isVar(node)) addList(node, names);
  ts.forEachChild(node, (child) => addVars(child, names));
}

module.exports = { addBound, addLexical, addList, addVars, boundByImport, isVar };
