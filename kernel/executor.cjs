'use strict';
// Runs cells: takes the place of tslab's executor.

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const vm = require('node:vm');
const { Cells } = require('./language/cells.cjs');
const { compile, positions } = require('./language/compile.cjs');
const { typeScriptError } = require('./language/diagnostics.cjs');
const { Stopwatch, objectInBrackets, withoutMagics } = require('./magics.cjs');
const { Modules, exported, isEsModule } = require('./modules.cjs');
const { said } = require('./said.cjs');
const { rewrite } = require('./scope/rewrite.cjs');
const { Variables } = require('./scope/variables.cjs');
const { Interrupted, STOPPED } = require('./stop-listener.cjs');
const { refusedCell } = require('./tslab-cells.cjs');

class Executor {
  #positions = new Map(); // by the cell's name
  #variables = new Variables();
  #stop;
  #stopError = new Interrupted(STOPPED);
  #stopped;

  /**
   * @param options.folder the notebook's
   * @param options.cellName gives the name of the cell that runs, `In[3]`
   * @param options.stopListener hears of Stop in loops that never wait
   * @param options.report takes a cell's `value`, or what it has `thrown`
   */
  constructor({ folder, cellName, stopListener, report }) {
    Object.assign(this, { folder, cellName, stopListener, report });
    this.cells = new Cells(folder);
    this.modules = new Modules(folder);
    this.file = path.join(folder, 'cell.ts');
    this.meta = { url: pathToFileURL(this.file).href, dirname: folder, filename: this.file };
    this.module = { exports: {} };
    this.#renewStop();
    stopListener.interrupt = () => this.interrupt();
  }

  #renewStop() {
    this.#stopped = new Promise((_, reject) => (this.#stop = reject));
    this.#stopped.catch(() => {});
  }

  /** Ends what a cell waits for. */
  interrupt() {
    this.#stop(this.#stopError);
    this.#renewStop();
  }

  /** Runs a cell; tells whether it went well. */
  async execute(code) {
    let failure;
    try {
      if (this.stopListener.isStopped()) throw new Interrupted(STOPPED);
      const { text, timed } = withoutMagics(code);
      const cell = this.#prepare(code, objectInBrackets(text));
      this.#variables.announce(cell.names);
      this.stopListener.begin();
      const stopwatch = timed ? new Stopwatch() : null;
      stopwatch?.start();
      const [value] = await this.#run(cell);
      stopwatch?.end();
      if (value !== undefined) this.report.value(value);
      return true;
    } catch (thrown) {
      failure = thrown;
      this.report.thrown(said(thrown));
      return false;
    } finally {
      this.stopListener.end({
        isStopped: failure === this.#stopError || failure instanceof Interrupted,
        goesOn: failure === this.#stopError,
      });
      this.#variables.settle();
    }
  }

  /** Checks a cell and makes what runs of it. */
  #prepare(code, { text, bracket }) {
    const refused = refusedCell(code);
    if (refused) throw refused;
    const { diagnostics, checker, ...names } = this.cells.check(text);
    if (diagnostics.length > 0) {
      const { files } = this.cells;
      throw typeScriptError(diagnostics, {
        folder: this.folder,
        isCell: (name) => files.isCell(name),
        checker,
        bracket,
        knows: (name) => this.cells.knows(name) || names.declared.has(name),
      });
    }
    const compiled = compile(text);
    const cell = rewrite(compiled.text, {
      declared: names.declared,
      known: (name) => this.#variables.has(name),
      reset: names.reset,
      skipped: names.typesOnly,
    });
    this.#positions.set(this.cellName(), positions(cell.code, cell.before, compiled, bracket));
    this.cells.keep();
    return cell;
  }

  /** The cell's value in an array, so that a promise is not awaited. */
  async #run(cell) {
    const { scope, late } = this.#variables;
    for (const { from, names } of cell.imports) {
      let loaded = this.modules.load(from);
      if (typeof loaded?.then === 'function') loaded = await loaded;
      for (const [local, name] of names) {
        if (isEsModule(loaded) && name !== '*')
          this.#variables.bind(local, () => exported(loaded, name));
        else scope[local] = exported(loaded, name);
      }
    }
    const run = vm.runInThisContext(cell.code, { filename: this.cellName() });
    const { modules, meta, module, folder, file } = this;
    const { shared, turn, goOn } = this.stopListener;
    const given = [
      scope,
      late,
      shared,
      turn,
      goOn,
      said,
      new Stopwatch(),
      modules.import,
      meta,
      modules.require,
    ];
    const result = run(...given, module, module.exports, folder, file);
    return (cell.awaits ? await Promise.race([result, this.#stopped]) : result) ?? [];
  }

  /** The position of the cell's text, or null. */
  originalPosition(cell, line, column) {
    return this.#positions.get(cell)?.(line, column) ?? null;
  }

  get locals() {
    return this.#variables.scope;
  }

  reset() {}

  close() {
    this.cells.close();
  }
}

module.exports = { Executor };
