'use strict';
// Running a cell: its value as execute_result, its failure as error, its displays under its own name.

const { AsyncLocalStorage } = require('node:async_hooks');
const util = require('node:util');
const { CellQueue } = require('./cell-queue.cjs');
const {
  displayOf,
  encodeBundle,
  encodeMetadata,
  errorContent,
  isStop,
  reply,
} = require('./messages.cjs');
const { Published } = require('./published.cjs');
const { openStreams } = require('./streams.cjs');

/** What is known of the cell that runs now. */
class RunningCell {
  constructor(server, message, run) {
    const { silent, store_history: store } = message.content;
    this.server = server;
    this.run = run; // what is kept of it
    this.message = message;
    this.silent = silent === true;
    /** Whether it counts, and has a number of its own in traces. */
    this.stored = !this.silent && store !== false;
    this.count = undefined;
    this.forget();
  }

  /** What was reported of it. */
  forget() {
    this.value = undefined;
    this.error = null;
    this.stop = new AbortController();
    /** Whether its outcome is told. */
    this.ended = false;
  }

  /** Timers carry their cell: who prints one sees no more than this. */
  [util.inspect.custom]() {
    return this.stored ? `In[${this.count}]` : 'a cell';
  }

  get signal() {
    return this.stop.signal;
  }

  publish(type, content) {
    const published = this.run?.take(type, content);
    const metadata = published === undefined ? {} : { published };
    reply(this.server, this.server.iopub, this.message, type, content, metadata);
  }
}

function failureContent(thrown) {
  if (isStop(thrown)) {
    const { name: ename } = thrown;
    const evalue = String(thrown.message);
    return { ename, evalue, traceback: [`${ename}: ${evalue}`] };
  }
  return errorContent(thrown);
}

/**
 * A sender of displays for the cell that runs now. It stays with this cell when later ones run.
 * See `Symbol.for('kernel.display')`.
 */
function displaySender(cell, flush) {
  return ({ data, metadata = {}, displayId, update = false }) => {
    const content = { data: encodeBundle(data), metadata: encodeMetadata(metadata) };
    if (update && displayId === undefined) {
      throw new TypeError('An update needs the displayId of the display that it changes.');
    }
    if (displayId !== undefined && typeof displayId !== 'string') {
      throw new TypeError(`A displayId is a string, got a ${typeof displayId}.`);
    }
    content.transient = displayId === undefined ? {} : { display_id: displayId };
    flush();
    cell?.publish(update ? 'update_display_data' : 'display_data', content);
  };
}

/**
 * Replaces tslab's running of cells.
 *
 * @param options.beforeCell awaited before each cell; it gets a function that prints
 * @param options.warnings printed by the first cell
 */
function installExecution({ jupyter }, { beforeCell, warnings }) {
  const handler = jupyter.JupyterHandlerImpl.prototype;
  const server = jupyter.ZmqServer.prototype;
  const runCode = handler.handleExecuteImpl;
  const history = [];
  const queue = new CellQueue();
  const published = new Published();
  let running = null;
  /** Which cell a callback belongs to, whichever runs by then. */
  const cells = new AsyncLocalStorage();
  const cellOf = () => cells.getStore();
  globalThis[Symbol.for('kernel.cell')] = cellOf;
  const early = []; // printed before the first cell
  const streams = openStreams((name, text) => {
    if (running) running.publish('stream', { name, text });
    else early.push([name, text]);
  });

  // tslab puts these in the place of the streams' own.
  handler.createWriteToIopub = (name) => process[name].write;
  globalThis[Symbol.for('kernel.display')] = () => displaySender(running, streams.flush);
  // With `wait`, the output goes only when the next one comes.
  globalThis[Symbol.for('kernel.clearOutput')] = (wait = false) => {
    streams.flush();
    running?.publish('clear_output', { wait });
  };

  async function runCell(cell) {
    const { code } = cell.message.content;
    running = cell;
    streams.begin();
    const before = this.execCount;
    cell.count = before + 1;
    if (!cell.silent) {
      if (cell.stored) history.push([0, cell.count, code]);
      cell.publish('execute_input', { code, execution_count: cell.count });
    }
    const stream = (name, text) => cell.publish('stream', { name, text });
    const display = ({ data, metadata = {}, ...rest }, update) => {
      streams.flush();
      const content = { ...rest, data: encodeBundle(data), metadata: encodeMetadata(metadata) };
      cell.publish(update ? 'update_display_data' : 'display_data', content);
    };
    try {
      for (const [name, text] of early.splice(0)) stream(name, text);
      for (const warning of warnings.splice(0)) stream('stderr', warning);
      await beforeCell((text) => stream('stdout', text));
      await cells.run(cell, () => runCode.call(this, cell.message.content, stream, display));
      if (cell.value !== undefined && !cell.silent) {
        streams.finish();
        const shown = await displayOf(cell.value);
        streams.flush();
        cell.publish('execute_result', { execution_count: cell.count, ...shown });
      }
    } catch (thrown) {
      // tslab has told the reason to reportFailure and throws a mere count
      cell.error ??= failureContent(thrown);
      streams.finish();
      if (!cell.silent) cell.publish('error', cell.error);
    } finally {
      cell.ended = true;
      cell.value = undefined; // else a large value lives until the next cell
      this.execCount = cell.stored ? cell.count : before; // tslab counts each
    }
    if (!cell.stored) cell.count = before;
  }

  /** The values of a request's `user_expressions`, each with what it failed with. */
  async function evaluate(executor, message, expressions) {
    const results = {};
    for (const [name, expression] of Object.entries(expressions ?? {})) {
      const probe = new RunningCell(running.server, message);
      probe.stored = false;
      running = probe;
      try {
        // On a line of its own a comment at its end does no harm.
        const ok = await executor.execute(`(${expression}\n)`);
        if (!ok) throw new Error('it failed');
        results[name] = { status: 'ok', ...(await displayOf(probe.value)) };
      } catch (thrown) {
        results[name] = { status: 'error', ...(probe.error ?? failureContent(thrown)) };
      }
      probe.forget();
    }
    return results;
  }

  /** Runs the cell of a request. It resolves, whatever happens, to the content of the answer. */
  async function contentOf(executing, cell) {
    const { content: request } = cell.message;
    const content = { status: 'ok', payload: [], user_expressions: {} };
    try {
      await runCell.call(executing, cell);
      if (cell.error === null) {
        const { user_expressions: expressions } = request;
        content.user_expressions = await evaluate(executing.executor, cell.message, expressions);
      }
    } catch (thrown) {
      cell.error ??= errorContent(thrown); // the kernel's own fault
    }
    running = cell;
    streams.end();
    if (cell.error !== null) Object.assign(content, { status: 'error' }, cell.error);
    content.execution_count = cell.count ?? 0;
    return content;
  }

  server.handleExecute = function (socket, message) {
    const status = (state) => this.publishStatus(state, message);
    const run = message.content.silent ? undefined : published.begin(message);
    queue.add({
      run: async () => {
        this.runningMessage = message;
        status('busy');
        const cell = new RunningCell(this, message, run);
        const content = await contentOf(this.handler, cell);
        const answer = () => {
          reply(this, socket, message, 'execute_reply', content);
          this.runningMessage = null;
          if (run) run.ended = true;
          status('idle');
        };
        const goesOn = cell.silent || message.content.stop_on_error === false;
        return { answer, failed: content.status === 'error' && !goesOn };
      },
      refuse: () => {
        if (run) run.ended = true;
        status('busy');
        reply(this, socket, message, 'execute_reply', { status: 'aborted' });
        status('idle');
      },
    });
  };

  return {
    history,
    published,
    /** Stop was pressed: what the running cell begins from now on is refused. */
    stopCell() {
      running?.stop.abort();
    },
    /** The cell that runs, as it stands in traces. One that is not stored has no number: those of 0 are its lines. */
    cellName: () => `In[${running?.stored ? running.count : 0}]`,
    cellOf,
    reportValue(value) {
      running.value = value;
    },
    reportFailure(thrown) {
      running.error = failureContent(thrown);
    },
  };
}

module.exports = { installExecution };
