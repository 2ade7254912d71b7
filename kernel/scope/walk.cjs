'use strict';
// The walk over a cell's code: which scope a name is found in, and what to do with those of the cells' own.

const ts = require('typescript');
const { addBound, addLexical, addList, addVars, isVar } = require('./names.cjs');
const { References } = require('./references.cjs');
const {
  beginLook,
  beginWait,
  callsItself,
  endLook,
  endWait,
  isLoop,
  lookInCatch,
} = require('./stoppable.cjs');

/** Stands for a function that mends what V8 says of an error, in what runs. */
const SAID = '$said';

class Walk {
  /** Whether the cell itself awaits. */
  awaits = false;
  #functions = 0; // that the walk is in

  /**
   * @param edits of the text
   * @param names.top declared at the cell's top
   * @param names.isShared whether a name that no inner scope declares is one of the cells'
   * @param names.isLate whether it may become one
   */
  constructor(edits, { top, isShared, isLate }) {
    this.edits = edits;
    this.top = { names: top, parent: null };
    this.isShared = isShared;
    this.isLate = isLate;
    this.references = new References(edits, (node, scope) => this.visit(node, scope));
  }

  visit(node, scope) {
    if (ts.isIdentifier(node)) return this.#name(node, scope);
    if (ts.isFunctionLike(node)) return this.#function(node, scope);
    if (ts.isClassLike(node)) return this.#class(node, scope);
    if (ts.isPropertyAccessExpression(node)) return this.visit(node.expression, scope);
    if (ts.isPropertyAssignment(node)) {
      this.references.key(node.name, scope);
      return this.visit(node.initializer, scope);
    }
    if (ts.isLabeledStatement(node)) return this.visit(node.statement, scope);
    if (ts.isBreakOrContinueStatement(node)) return undefined;
    if (ts.isMetaProperty(node)) {
      if (node.keywordToken === ts.SyntaxKind.ImportKeyword)
        this.edits.replace(node.getStart(), node.end, '$meta');
      return undefined;
    }
    if (node.kind === ts.SyntaxKind.ImportKeyword)
      return this.edits.replace(node.getStart(), node.end, '$import');
    const waits = ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier);
    if (waits && this.#functions === 0) this.awaits = true;
    if (!ts.isAwaitExpression(node)) return this.#statement(node, scope);
    beginWait(this.edits, node);
    this.#children(node, scope);
    return endWait(this.edits, node);
  }

  #statement(node, scope) {
    if (!isLoop(node)) return this.#other(node, scope);
    beginLook(this.edits, node.statement);
    this.#other(node, scope);
    return endLook(this.edits, node.statement);
  }

  #other(node, scope) {
    if (ts.isVariableDeclarationList(node)) return this.#list(node, scope);
    if (ts.isBlock(node)) return this.#all(node.statements, this.#block(node.statements, scope));
    if (ts.isCaseBlock(node)) {
      const statements = node.clauses.flatMap((clause) => [...clause.statements]);
      return this.#all(node.clauses, this.#block(statements, scope));
    }
    if (ts.isForStatement(node) || ts.isForInStatement(node) || ts.isForOfStatement(node)) {
      const list = node.initializer;
      const own = this.#inner(scope, (names) => {
        if (list && ts.isVariableDeclarationList(list) && !isVar(list)) addList(list, names);
      });
      return this.#children(node, own);
    }
    if (ts.isTryStatement(node) && node.catchClause?.variableDeclaration) {
      // What is caught speaks of `lr`, not of `$cells.lr`, whatever form the catch has.
      this.edits.insert(node.tryBlock.getStart(), '{ try ');
      this.edits.insert(node.tryBlock.end, ` catch ($e) { throw ${SAID}($e); } }`);
    }
    if (ts.isCatchClause(node)) {
      const bound = node.variableDeclaration?.name;
      const own = this.#inner(scope, (names) => bound && addBound(bound, names));
      if (bound) this.references.leave(bound, own);
      lookInCatch(this.edits, node);
      return this.visit(node.block, own);
    }
    return this.#children(node, scope);
  }

  #children(node, scope) {
    ts.forEachChild(node, (child) => void this.visit(child, scope));
  }

  #all(nodes, scope) {
    nodes.forEach((node) => this.visit(node, scope));
  }

  /** A scope of its own where there are names of its own. */
  #inner(scope, fill) {
    const names = new Set();
    fill(names);
    return names.size === 0 ? scope : { names, parent: scope };
  }

  #block(statements, scope) {
    return this.#inner(scope, (names) => addLexical(statements, names));
  }

  #name(node, scope) {
    for (let at = scope; at !== this.top; at = at.parent) if (at.names.has(node.text)) return;
    if (this.isShared(node.text)) this.references.shared(node);
    else if (this.isLate(node.text)) this.references.late(node);
  }

  #list(list, scope) {
    // A var is the function's; within one it was found among the function's names.
    const isOfTop = isVar(list)
      ? this.#functions === 0
      : scope === this.top && ts.isVariableStatement(list.parent);
    if (isOfTop && this.isShared(firstName(list))) {
      this.references.declareList(list, scope);
      return;
    }
    for (const { name, initializer } of list.declarations) {
      this.references.leave(name, scope);
      if (initializer) this.visit(initializer, scope);
    }
  }

  #function(node, scope) {
    if (node.name && !ts.isFunctionDeclaration(node) && !ts.isFunctionExpression(node))
      this.references.key(node.name, scope);
    const own = this.#inner(scope, (names) => {
      if (ts.isFunctionExpression(node) && node.name) names.add(node.name.text);
      if (!ts.isArrowFunction(node)) names.add('arguments');
      node.parameters.forEach(({ name }) => addBound(name, names));
      if (!node.body || !ts.isBlock(node.body)) return;
      addLexical(node.body.statements, names);
      addVars(node.body, names);
    });
    this.#functions += 1;
    for (const { name, initializer } of node.parameters) {
      this.references.leave(name, own);
      if (initializer) this.visit(initializer, own);
    }
    const isRecursive = callsItself(node);
    if (isRecursive) beginLook(this.edits, node.body, 'return (');
    if (node.body) {
      if (ts.isBlock(node.body)) this.#all(node.body.statements, own);
      else this.visit(node.body, own);
    }
    if (isRecursive) endLook(this.edits, node.body, ')');
    this.#functions -= 1;
  }

  #class(node, scope) {
    const own = this.#inner(scope, (names) => node.name && names.add(node.name.text));
    node.heritageClauses?.forEach((clause) => this.visit(clause, own));
    for (const member of node.members) {
      if (ts.isFunctionLike(member)) {
        this.#function(member, own);
        continue;
      }
      if (ts.isPropertyDeclaration(member)) this.references.key(member.name, own);
      this.#functions += 1; // its value and its static blocks run as functions
      if (member.initializer) this.visit(member.initializer, own);
      if (ts.isClassStaticBlockDeclaration(member)) {
        const block = this.#inner(own, (names) => {
          addLexical(member.body.statements, names);
          addVars(member.body, names);
        });
        this.#all(member.body.statements, block);
      }
      this.#functions -= 1;
    }
  }
}

/** TypeScript's own names (`env_1`, `__decorate`) are never declared together with a cell's. */
function firstName(list) {
  const names = new Set();
  addList(list, names);
  return names.values().next().value ?? '';
}

module.exports = { SAID, Walk };
