'use strict';
// A cell's JavaScript, with every name of the cells' top level read and written through one live object. It works
// on what TypeScript has emitted (plain JavaScript, a semicolon after each statement) by insertions and removals that
// keep the lines, so that a position in what runs can be told in the cell's own lines.

const ts = require('typescript');
const { CELL } = require('../awaited.cjs');
const { Edits } = require('./edits.cjs');
const { addLexical, addVars, boundByImport } = require('./names.cjs');
const { LATE, SCOPE } = require('./references.cjs');
const { FLAG, ON, TURN } = require('./stoppable.cjs');
const { SAID, Walk } = require('./walk.cjs');

/** A statement with this label is timed: the kernel writes `%time f()` so. */
const TIMED = '$time';

/** What a cell's function takes, in the order in which it is called with them. */
const parameters = [
  SCOPE,
  LATE,
  FLAG,
  TURN,
  ON,
  SAID,
  TIMED,
  '$import',
  '$meta',
  'require',
  'module',
  'exports',
  '__dirname',
  '__filename',
];

const parse = (text) =>
  ts.createSourceFile(
    'cell.js',
    text,
    {
      languageVersion: ts.ScriptTarget.ES2022,
      // A module, so that `await` is one wherever a statement may be.
      setExternalModuleIndicator: (file) => (file.externalModuleIndicator = true),
    },
    /* setParentNodes */ true,
    ts.ScriptKind.JS,
  );

const isTimed = (node) => ts.isLabeledStatement(node) && node.label.text === TIMED;

/** The statement that a cell's value comes from, if the last one has one. */
function valueStatement(statements) {
  const last = statements.findLast((node) => !ts.isExportDeclaration(node));
  if (!last) return null;
  if (isTimed(last)) return valueStatement([last.statement]);
  if (ts.isExpressionStatement(last) || ts.isExportAssignment(last)) return last;
  // TypeScript puts a `try` around what follows a `using`.
  const isUsing =
    ts.isTryStatement(last) && last.finallyBlock?.getText().includes('__disposeResources');
  return isUsing ? valueStatement(last.tryBlock.statements) : null;
}

class Cell {
  imports = [];

  constructor(text, { declared, known, skipped }) {
    this.file = parse(text);
    this.edits = new Edits(text);
    this.skipped = skipped;
    const inCode = new Set();
    this.vars = new Set();
    addLexical(this.file.statements, inCode);
    this.file.statements.forEach((statement) => addVars(statement, this.vars));
    // What the cell itself does not declare is TypeScript's own: `__decorate`, `env_1`.
    const top = new Set([...inCode, ...this.vars].filter((name) => declared.has(name)));
    const others = new Set([...inCode, ...this.vars].filter((name) => !declared.has(name)));
    const isShared = (name) => top.has(name) || (!others.has(name) && known(name));
    this.names = [...top].filter((name) => !skipped.has(name));
    this.walk = new Walk(this.edits, {
      top,
      isShared,
      isLate: (name) => !others.has(name) && !(name in globalThis) && !parameters.includes(name),
    });
    this.value = valueStatement(this.file.statements);
    this.file.statements.forEach((statement) => this.#statement(statement));
  }

  #statement(node) {
    if (ts.isImportDeclaration(node)) {
      const bound = boundByImport(node);
      const used = bound.filter(([local]) => !this.skipped.has(local));
      if (used.length > 0 || bound.length === 0)
        this.imports.push({ from: node.moduleSpecifier.text, names: used });
      this.edits.remove(node.getStart(), node.end);
    } else if (ts.isExportDeclaration(node)) {
      this.edits.remove(node.getStart(), node.end);
    } else if (isTimed(node)) {
      this.edits.replace(node.getStart(), node.statement.getStart(), `${TIMED}.start();`);
      this.edits.insert(node.end, `${TIMED}.end();`);
      this.#statement(node.statement);
    } else if (node === this.value) {
      this.#valueOf(node);
    } else {
      this.#declaration(node);
    }
  }

  /** `return [value]`: in an array, so that a promise is not awaited. */
  #valueOf(node) {
    const { expression } = node;
    const isTimedValue = isTimed(node.parent);
    if (ts.isExportAssignment(node)) this.edits.remove(node.getStart(), expression.getStart());
    this.edits.insert(expression.getStart(), isTimedValue ? `return ${TIMED}.end([(` : 'return [(');
    this.walk.visit(expression, this.walk.top);
    this.edits.insert(expression.end, isTimedValue ? ')])' : ')]');
  }

  #declaration(node) {
    const { edits, walk } = this;
    const exported = (node.modifiers ?? []).filter(
      ({ kind }) => kind === ts.SyntaxKind.ExportKeyword || kind === ts.SyntaxKind.DefaultKeyword,
    );
    const start = exported.at(-1)?.end ?? node.getStart();
    if (ts.isExportAssignment(node)) {
      edits.remove(node.getStart(), node.expression.getStart());
      edits.insert(node.expression.getStart(), '('); // an object's brace would open a block
      walk.visit(node.expression, walk.top);
      edits.insert(node.expression.end, ')');
      return;
    }
    if (exported.length > 0) {
      edits.remove(node.getStart(), start);
      if (!node.name && !ts.isVariableStatement(node)) edits.insert(start, ' void');
    }
    if (ts.isClassDeclaration(node) && node.name) {
      if (walk.isShared(node.name.text))
        edits.insert(this.file.text.indexOf('class', start), `${SCOPE}.${node.name.text} = `);
      walk.visit(node, walk.top);
      edits.insert(node.end, ';');
      return;
    }
    // A `using` has put what is behind it in a block; its names are the cell's all the same.
    if (ts.isTryStatement(node) && this.value && node.tryBlock === this.value.parent) {
      node.tryBlock.statements.forEach((statement) => this.#statement(statement));
      if (node.catchClause) walk.visit(node.catchClause, walk.top);
      if (node.finallyBlock) walk.visit(node.finallyBlock, walk.top);
      return;
    }
    walk.visit(node, walk.top);
  }

  /** What runs before the first statement. */
  head(reset, known) {
    const functions = this.file.statements
      .filter((node) => ts.isFunctionDeclaration(node) && node.name)
      .map((node) => node.name.text);
    const isOwn = (name) => this.names.includes(name);
    return [
      ...[...reset].filter(isOwn).map((name) => `${SCOPE}.${name} = void 0;`),
      ...[...this.vars]
        .filter((name) => isOwn(name) && !known(name) && !reset.has(name))
        .map((name) => `${SCOPE}.${name} = void 0;`),
      ...functions.filter(isOwn).map((name) => `${SCOPE}.${name} = ${name};`),
    ].join(' ');
  }
}

/**
 * @param text JavaScript of a cell
 * @param options.declared names that the cell's TypeScript declares at its top
 * @param options.known tells whether an earlier cell has declared a name
 * @param options.reset names of enums and namespaces, which begin anew: TypeScript's `E || (E = {})` would add to the
 * old ones
 * @param options.skipped imported names that are types only
 * @returns `code`, a function's expression; `before`, from its offsets to those of `text`; `names` that it declares,
 * its `imports`, and whether it `awaits`
 */
function rewrite(text, { declared, known, reset = new Set(), skipped = new Set() }) {
  const cell = new Cell(text, { declared, known, skipped });
  const { awaits } = cell.walk;
  const opening =
    `(${awaits ? 'async ' : ''}function ${CELL}(${parameters.join(', ')}) { 'use strict'; ` +
    `${cell.head(reset, known)} `;
  return { ...cell.edits.apply(opening, '\n})'), names: cell.names, imports: cell.imports, awaits };
}

module.exports = { rewrite };
