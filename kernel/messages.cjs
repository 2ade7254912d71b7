'use strict';
// Sending Jupyter messages, and making them of values.

const util = require('node:util');

const displayMethod = Symbol.for('Jupyter.display');
/** What a library may set, to show values that have no such method: plain records, lists. */
const viewFunction = Symbol.for('kernel.view');
const metadataKey = Symbol.for('kernel.metadata');

/** Sends `content` in answer to `message`. */
function reply(server, socket, message, type, content) {
  const answer = message.createReply();
  answer.header.msg_type = type;
  answer.content = content;
  answer.signAndSend(server.connInfo.key, socket);
}

/** Binary data as Jupyter sends it: base64. Text and JSON stay as they are. */
function encodeBundle(bundle) {
  const data = {};
  for (const [mimeType, content] of Object.entries(bundle)) {
    data[mimeType] =
      content instanceof Uint8Array ? Buffer.from(content).toString('base64') : content;
  }
  return data;
}

/** The MIME bundle of a cell's value; a value may make its own by a method `Symbol.for('Jupyter.display')`. */
async function bundleOf(value) {
  if (typeof value?.[displayMethod] === 'function') {
    return encodeBundle(await value[displayMethod]());
  }
  const view = globalThis[viewFunction]?.(value);
  if (view !== undefined) return encodeBundle(await view);
  return { 'text/plain': util.inspect(value, { depth: 3, maxArrayLength: 50 }) };
}

// Frames of Node, of tslab, of these files and of what tslab puts around a cell: they tell nothing.
const foreignFrame =
  /^\s+at (In\[\d+\]$|.*(node:|[\\/]tslab[\\/]dist[\\/]|[\\/]kernel[\\/][\w-]+\.cjs:))/;

/** The lines of what was thrown, without those that come from the kernel itself. */
function tracebackOf(thrown) {
  const lines = util.inspect(thrown).split('\n');
  // For code that is not asynchronous Node puts the line's place, the line and a caret before the error.
  const start = /^\S+:\d+$/.test(lines[0]) ? lines.indexOf('') + 1 : 0;
  return lines.slice(start).filter((line) => !foreignFrame.test(line));
}

/** What was thrown, as Jupyter shows it. */
function errorContent(thrown) {
  const isError = util.types.isNativeError(thrown) || thrown instanceof Error;
  return {
    ename: isError ? String(thrown.name) : 'Thrown',
    evalue: isError ? String(thrown.message) : util.inspect(thrown),
    traceback: isError ? tracebackOf(thrown) : [`Thrown: ${util.inspect(thrown)}`],
  };
}

/** What a value says about its bundle by MIME type, for example the alternative text of its picture. */
const metadataOf = (value) => value?.[metadataKey] ?? {};

module.exports = {
  foreignFrame,
  reply,
  encodeBundle,
  bundleOf,
  metadataOf,
  errorContent,
  tracebackOf,
};
