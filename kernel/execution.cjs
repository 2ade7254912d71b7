'use strict';
// Running a cell: its value as execute_result, its failure as error, its displays under its own name.

const { AsyncLocalStorage } = require('node:async_hooks');
const util = require('node:util');
const { bundleOf, encodeBundle, errorContent, metadataOf, reply } = require('./messages.cjs');

/** What is known of the cell that runs now. */
class RunningCell {
  constructor(server, message) {
    this.server = server;
    this.message = message;
    this.count = undefined;
    this.value = undefined;
    this.diagnostics = [];
    this.error = null;
    this.stop = new AbortController();
    /** Whether its outcome is told. */
    this.ended = false;
  }

  get signal() {
    return this.stop.signal;
  }

  publish(type, content) {
    reply(this.server, this.server.iopub, this.message, type, content);
  }
}

const stopped = 'Interrupted';

const isStop = (thrown) =>
  thrown?.name === stopped ||
  thrown?.message === 'Interrupted asynchronously' ||
  thrown?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED';

function failureContent(cell, thrown) {
  if (cell.diagnostics.length > 0) {
    const traceback = cell.diagnostics.map((line) => `TypeScriptError: ${line}`);
    return { ename: 'TypeScriptError', evalue: cell.diagnostics[0], traceback };
  }
  if (isStop(thrown)) {
    const evalue = thrown.name === stopped ? String(thrown.message) : 'the cell was stopped';
    return { ename: stopped, evalue, traceback: [`${stopped}: ${evalue}`] };
  }
  return errorContent(thrown);
}

/**
 * A sender of displays for the cell that runs now. It stays with this cell when later ones run.
 * See `Symbol.for('kernel.display')`.
 */
function displaySender(cell) {
  return ({ data, metadata = {}, displayId, update = false }) => {
    if (data === null || typeof data !== 'object' || Object.keys(data).length === 0) {
      throw new TypeError('A display needs data: a record from MIME type to content.');
    }
    if (update && displayId === undefined) {
      throw new TypeError('An update needs the displayId of the display that it changes.');
    }
    cell?.publish(update ? 'update_display_data' : 'display_data', {
      data: encodeBundle(data),
      metadata,
      transient: displayId === undefined ? {} : { display_id: displayId },
    });
  };
}

/** What a failed cell was about to declare again keeps the value that it had, as in Python. */
function restoreLost(locals, before) {
  for (const [name, value] of Object.entries(before)) {
    if (locals[name] === undefined) locals[name] = value;
  }
}

/** Awaits the task's turn and the task. Its failure refuses the tasks behind it, unless `goesOn`. */
async function addToQueue(queue, task, goesOn) {
  if (!goesOn) return queue.add(task);
  const failures = await queue.add(() =>
    task().then(
      () => [],
      (thrown) => [thrown],
    ),
  );
  for (const thrown of failures) throw thrown;
}

/**
 * Replaces tslab's running of cells.
 *
 * @param options.beforeCell awaited before each cell; it gets a function that prints
 * @param options.afterStop called when Stop has broken off a cell
 * @param options.warnings printed by the first cell
 */
function installExecution(
  { jupyter, util: { TaskCanceledError } },
  { beforeCell, afterStop, warnings },
) {
  const handler = jupyter.JupyterHandlerImpl.prototype;
  const server = jupyter.ZmqServer.prototype;
  const runCode = handler.handleExecuteImpl;
  const history = [];
  let running = null;
  /** Which cell a callback belongs to, whichever runs by then. */
  const cells = new AsyncLocalStorage();
  globalThis[Symbol.for('kernel.cell')] = () => cells.getStore();

  globalThis[Symbol.for('kernel.display')] = () => displaySender(running);
  // With `wait`, the output goes only when the next one comes.
  globalThis[Symbol.for('kernel.clearOutput')] = (wait = false) =>
    running?.publish('clear_output', { wait });

  async function runCell(cell) {
    const { code, silent, store_history: store } = cell.message.content;
    running = cell;
    if (silent) this.execCount--; // tslab counts it
    cell.count = this.execCount + 1;
    if (!silent) {
      if (store !== false) history.push([0, cell.count, code]);
      cell.publish('execute_input', { code, execution_count: cell.count });
    }
    const stream = (name, text) => cell.publish('stream', { name, text });
    const display = (content, update) =>
      cell.publish(update ? 'update_display_data' : 'display_data', content);
    const { locals } = this.executor;
    const before = { ...locals };
    try {
      for (const warning of warnings.splice(0)) stream('stderr', warning);
      await beforeCell((text) => stream('stdout', text));
      await cells.run(cell, () => runCode.call(this, cell.message.content, stream, display));
      if (cell.value !== undefined && !silent) {
        const data = await bundleOf(cell.value);
        const metadata = metadataOf(cell.value);
        cell.publish('execute_result', { execution_count: cell.count, data, metadata });
      }
    } catch (thrown) {
      // tslab has told the reason to reportFailure and throws a mere count
      cell.error ??= failureContent(cell, thrown);
      restoreLost(locals, before);
      if (cell.error.ename === stopped) afterStop();
      if (!silent) cell.publish('error', cell.error);
      throw thrown;
    } finally {
      cell.ended = true;
      cell.value = undefined; // else a large value lives until the next cell
    }
  }

  server.handleExecute = async function (socket, message) {
    const cell = new RunningCell(this, message);
    const content = { status: 'ok', payload: [], user_expressions: {} };
    const goesOn = message.content.stop_on_error === false;
    try {
      await addToQueue(this.handler.execQueue, () => runCell.call(this.handler, cell), goesOn);
    } catch (thrown) {
      content.status = thrown instanceof TaskCanceledError ? 'aborted' : 'error';
      if (content.status === 'error') {
        Object.assign(content, cell.error);
        // Cells that were sent together with this one are refused for a moment.
        if (!goesOn) this.handler.execQueue.reset(200);
      }
    }
    if (content.status !== 'aborted') content.execution_count = cell.count;
    reply(this, socket, message, 'execute_reply', content);
  };

  return {
    history,
    /** Stop was pressed: what the running cell begins from now on is refused. */
    stopCell() {
      running?.stop.abort();
    },
    /** The cell that runs, as it stands in traces. A silent one has no number: those of 0 are its lines. */
    cellName: () => `In[${running && !running.message.content.silent ? running.count : 0}]`,
    reportValue(value) {
      running.value = value;
    },
    // One argument is what a cell threw; several are a compiler's message with its format.
    reportFailure(...args) {
      if (args.length > 1) running.diagnostics.push(util.format(...args));
      else running.error = failureContent(running, args[0]);
    },
  };
}

module.exports = { installExecution };
