'use strict';
// Sending Jupyter messages, and making them of values.

const util = require('node:util');

const displayMethod = Symbol.for('Jupyter.display');

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
  return { 'text/plain': util.inspect(value, { depth: 3, maxArrayLength: 50 }) };
}

/** What was thrown, as Jupyter shows it; without the frames of the kernel itself. */
function errorContent(thrown) {
  if (!(thrown instanceof Error) && !util.types.isNativeError(thrown)) {
    const shown = util.inspect(thrown);
    return { ename: 'Thrown', evalue: shown, traceback: [`Thrown: ${shown}`] };
  }
  const lines = util.inspect(thrown).split('\n');
  const traceback = lines.filter((line) => !/^\s+at .*(node:|[\\/]tslab[\\/]dist[\\/])/.test(line));
  return { ename: String(thrown.name), evalue: String(thrown.message), traceback };
}

module.exports = { reply, encodeBundle, bundleOf, errorContent };
