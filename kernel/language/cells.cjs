'use strict';
// The types of the cells. Each cell is a module of its own in TypeScript's language service, and its file's `parent` is
// the file of the cell before: what a cell does not declare is looked for in the cells above, as names of an outer block
// are. Nothing is emitted as declarations, so that no error about them can arise.

const ts = require('typescript');
const { isOfMagic } = require('../magics.cjs');
const { Files } = require('./files.cjs');
const { silentErrors } = require('./python-silent.cjs');

/** TypeScript's codes for a module that is not there, or has no types. */
const unresolved = new Set([2307, 2792, 2882, 7016]);

class Cells {
  #ran = []; // that a later cell can see
  #current = null; // the one that is asked about
  #lacks = false; // whether it imports what was not found

  /** @param folder the notebook's */
  constructor(folder) {
    this.files = new Files(folder);
  }

  get service() {
    return this.files.service;
  }

  /** Makes `text` the cell that is asked about. */
  open(text) {
    const { files } = this;
    this.#current ??= files.take();
    this.#current.write(text);
    if (files.packages.renew(this.#lacks)) this.#current.renew();
    this.#lacks = false;
    const program = this.service.getProgram();
    const sources = [...this.#ran, this.#current].map(({ path }) => program.getSourceFile(path));
    sources.forEach((source, index) => index > 0 && (source.parent = sources[index - 1]));
    return { program, source: sources.at(-1), file: this.#current.path };
  }

  /**
   * What TypeScript says about a cell.
   *
   * @returns `diagnostics` of it and of the user's files that it imports, the `checker` of its types, `declared`: the names of its top, `typesOnly`:
   * those of its imports that are no values, and `reset`: those of enums and namespaces
   */
  check(text) {
    const { program, source, file } = this.open(text);
    const syntax = this.service.getSyntacticDiagnostics(file);
    const all =
      syntax.length > 0
        ? syntax
        : [
            ...this.#ofImports(program, source),
            ...this.service.getSemanticDiagnostics(file),
            ...silentErrors(source, program.getTypeChecker()),
          ];
    const diagnostics = all.filter((diagnostic) => !isOfMagic(diagnostic));
    this.#lacks = diagnostics.some(({ code }) => unresolved.has(code));
    const { locals = new Map(), symbol } = source;
    // TypeScript keeps `__x` with an underscore more.
    const declared = new Set(
      [...locals.keys(), ...(symbol?.exports?.keys() ?? [])].map(ts.unescapeLeadingUnderscores),
    );
    const mentioned = new Set(source.identifiers?.keys() ?? []); // too many do no harm
    Object.assign(this.#current, { declared, mentioned });
    const checker = program.getTypeChecker();
    return { diagnostics, checker, declared, ...topNames(source, checker) };
  }

  /** Errors in the user's own TypeScript files that a file imports, directly or not. */
  #ofImports(program, source, seen = new Set()) {
    return (source.imports ?? []).flatMap((specifier) => {
      const found = program.getResolvedModuleFromModuleSpecifier(specifier, source)?.resolvedModule;
      const name = found?.resolvedFileName;
      if (!name || seen.has(name) || !this.files.isOwn(name)) return [];
      seen.add(name);
      const imported = program.getSourceFile(name);
      if (!imported || imported.isDeclarationFile || !/\.[cm]?tsx?$/.test(name)) return [];
      const syntax = program.getSyntacticDiagnostics(imported);
      const own = syntax.length > 0 ? syntax : program.getSemanticDiagnostics(imported);
      return [...own, ...this.#ofImports(program, imported, seen)];
    });
  }

  /** The checked cell runs: later ones see what it declares. */
  keep() {
    this.#ran.push(this.#current);
    this.#current = null;
    this.#forget();
  }

  /** Forgets cells all of whose names were declared again and that no cell which counts speaks of. */
  #forget() {
    const cells = this.#ran;
    const reached = new Set();
    const ownerOf = (name, before) =>
      cells.findLast((cell, index) => index < before && cell.declared.has(name));
    const reach = (cell) => {
      if (!cell || reached.has(cell)) return;
      reached.add(cell);
      const place = cells.indexOf(cell);
      for (const name of cell.mentioned) if (!cell.declared.has(name)) reach(ownerOf(name, place));
    };
    const names = new Set(cells.flatMap((cell) => [...cell.declared]));
    for (const name of names) reach(ownerOf(name, cells.length));
    const counts = (cell) => reached.has(cell) || cell.text.includes('declare ');
    this.#ran = cells.filter(counts);
    cells.filter((cell) => !counts(cell)).forEach((cell) => this.files.giveBack(cell));
  }

  /** Whether a cell that has run declares a name. */
  knows(name) {
    return this.#ran.some(({ declared }) => declared.has(name));
  }

  close() {
    this.service.dispose();
  }
}

/** Names of a cell's top that need more than their place in the JavaScript tells. */
function topNames(source, checker) {
  const [typesOnly, reset] = [new Set(), new Set()];
  const isValue = (name) => {
    let symbol = checker.getSymbolAtLocation(name);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
    return (
      !symbol || checker.isUnknownSymbol(symbol) || Boolean(symbol.flags & ts.SymbolFlags.Value)
    );
  };
  for (const node of source.statements) {
    const isBegunAnew = ts.isEnumDeclaration(node) || ts.isModuleDeclaration(node);
    if (isBegunAnew && ts.isIdentifier(node.name)) reset.add(node.name.text);
    if (!ts.isImportDeclaration(node)) continue;
    const { name, namedBindings: bindings } = node.importClause ?? {};
    const named = bindings && ts.isNamedImports(bindings) ? bindings.elements : [bindings];
    for (const each of [name, ...named.map((element) => element?.name)])
      if (each && !isValue(each)) typesOnly.add(each.text);
  }
  return { typesOnly, reset };
}

module.exports = { Cells };
