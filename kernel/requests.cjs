'use strict';
// The requests besides running a cell: those that tslab answers in part, and those that it does not.

const { reply } = require('./messages.cjs');

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

/** Answers every request of the protocol that a TypeScript kernel can. */
function installRequests({ jupyter, versions }, history) {
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

  server.handleCommInfoRequest = function (socket, message) {
    reply(this, socket, message, 'comm_info_reply', { status: 'ok', comms: {} });
  };

  // A fault of tslab's compiler in one of these must not leave the editor waiting for the answer.
  const replies = {
    handleIsComplete: 'is_complete_reply',
    handleInspect: 'inspect_reply',
    handleComplete: 'complete_reply',
  };
  for (const [method, type] of Object.entries(replies)) {
    const answer = server[method];
    server[method] = function (socket, message) {
      try {
        answer.call(this, socket, message);
      } catch ({ name, message: evalue }) {
        reply(this, socket, message, type, { status: 'error', ename: name, evalue, traceback: [] });
      }
    };
  }

  const added = {
    history_request: ({ content }) => [
      'history_reply',
      { status: 'ok', history: selectHistory(history, content) },
    ],
    interrupt_request: () => {
      process.emit('SIGINT', 'SIGINT');
      return ['interrupt_reply', { status: 'ok' }];
    },
  };
  // tslab announces busy, looks the message's type up, warns of an unknown one and announces idle;
  // the answer has to go out in between.
  const publishStatus = server.publishStatus;
  server.publishStatus = function (status, message) {
    publishStatus.call(this, status, message);
    const answer = status === 'busy' ? added[message.header.msg_type] : undefined;
    if (answer) reply(this, this.answering, message, ...answer(message));
  };
  const handleMessage = server.handleShellMessage;
  server.handleShellMessage = function (socket, ...frames) {
    this.answering = socket;
    const { warn } = console;
    console.warn = () => {};
    try {
      return handleMessage.call(this, socket, ...frames); // up to its first await
    } finally {
      console.warn = warn;
    }
  };
}

module.exports = { installRequests, selectHistory };
