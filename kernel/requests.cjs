'use strict';
// Every request of the protocol: announced as busy, answered or declined, announced as idle.

const { inCodePoints, toUtf16 } = require('./code-points.cjs');
const { errorContent, reply } = require('./messages.cjs');
const { usageMeter } = require('./usage.cjs');
const { readMessage } = require('./wire.cjs');

/** A pattern with * and ? as the history's search has it. */
function globToRegExp(glob) {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '[^]*').replace(/\?/g, '[^]')}$`);
}

/** The part of the history that a request asks for; entries are [session, line, code]. */
function selectHistory(history, request) {
  const { hist_access_type: access, n, start, stop, pattern, unique, output } = request;
  let entries = history;
  if (access === 'range') {
    entries = entries.filter(([, line]) => line >= (start ?? 0) && line < (stop ?? Infinity));
  }
  if (access === 'search') {
    const wanted = globToRegExp(pattern || '*');
    entries = entries.filter(([, , code]) => wanted.test(code));
    if (unique) entries = [...new Map(entries.map((entry) => [entry[2], entry])).values()];
  }
  if (access !== 'range' && n) entries = entries.slice(-n);
  return output ? entries.map(([session, line, code]) => [session, line, [code, null]]) : entries;
}

/** What a debugger is told, as its own protocol says it and as Jupyter's does. */
function noDebugger({ seq, command }) {
  const message = 'This kernel has no debugger.';
  return {
    ...{ type: 'response', seq: 0, request_seq: seq ?? 0, success: false, command, message },
    ...{ status: 'error', ename: 'NotSupportedError', evalue: message, traceback: [] },
  };
}

/** Content of the answers that one thing alone decides. A request that is not here has no answer. */
function answersOf(handler, { history, published }) {
  const measure = usageMeter();
  const withPosition = (content) => ({
    ...content,
    cursor_pos: toUtf16(content.code, content.cursor_pos),
  });
  return {
    kernel_info_request: () => handler.handleKernel(),
    is_complete_request: (content) => handler.handleIsComplete(content),
    inspect_request: (content) => handler.handleInspect(withPosition(content)),
    complete_request: (content) =>
      inCodePoints(content.code, handler.handleComplete(withPosition(content))),
    history_request: (content) => ({ status: 'ok', history: selectHistory(history, content) }),
    comm_info_request: () => ({ status: 'ok', comms: {} }),
    interrupt_request: () => {
      process.emit('SIGINT', 'SIGINT');
      return { status: 'ok' };
    },
    shutdown_request: (content) => handler.handleShutdown(content),
    usage_request: () => measure(),
    published_request: (content) => published.answer(content), // this kernel's own
    debug_request: (content) => noDebugger(content),
  };
}

/**
 * Answers every request of the protocol that a TypeScript kernel can.
 *
 * @param kept `history` of what was run, `published` by it
 */
function installRequests({ jupyter, versions }, kept) {
  const handler = jupyter.JupyterHandlerImpl.prototype;
  const server = jupyter.ZmqServer.prototype;

  const kernelInfo = handler.handleKernel;
  handler.handleKernel = function () {
    const info = kernelInfo.call(this);
    info.language_info.version = versions.typescript;
    return {
      ...info,
      status: 'ok',
      implementation_version: versions.tslab,
      banner: `TypeScript ${versions.typescript} on Node ${versions.node} (tslab ${versions.tslab})`,
      help_links: [],
    };
  };

  handler.handleShutdown = ({ restart }) => ({ status: 'ok', restart: restart === true });

  server.publishStatus = function (state, message) {
    reply(this, this.iopub, message, 'status', { execution_state: state });
  };

  function answer(socket, message) {
    const { msg_type: type } = message.header;
    const { content } = message;
    // There is nothing here that a comm could talk to.
    if (type === 'comm_open')
      reply(this, this.iopub, message, 'comm_close', { comm_id: content.comm_id, data: {} });
    this.answers ??= answersOf(this.handler, kept);
    if (!Object.hasOwn(this.answers, type)) return;
    let answered;
    try {
      answered = this.answers[type](content);
    } catch (thrown) {
      // A fault of the compiler must not leave the editor waiting for the answer.
      answered = { status: 'error', ...errorContent(thrown), traceback: [] };
    }
    reply(this, socket, message, type.replace(/request$/, 'reply'), answered);
  }

  server.handleShellMessage = function (socket, ...frames) {
    let message;
    try {
      message = readMessage(this.connInfo.key, frames);
    } catch (error) {
      console.error(`The kernel got ${error.message}.`);
      return;
    }
    const { msg_type: type } = message.header;
    if (type === 'execute_request') {
      this.handleExecute(socket, message); // announced when its turn comes
      return;
    }
    this.publishStatus('busy', message);
    try {
      answer.call(this, socket, message);
    } finally {
      this.publishStatus('idle', message);
      // This was answered while a cell runs: who came later must not take the kernel for idle.
      if (this.runningMessage) this.publishStatus('busy', this.runningMessage);
    }
    if (type === 'shutdown_request') this.close();
  };
}

module.exports = { installRequests };
