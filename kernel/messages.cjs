'use strict';
// Sending Jupyter messages, and making them of values.

const { errorContent, foreignFrame, isStop, tracebackOf } = require('./as-text.cjs');
const { displayOf, encodeBundle, encodeMetadata } = require('./bundles.cjs');
const { sendMessage } = require('./wire.cjs');

/** Sends `content` in answer to `message`. */
function reply(server, socket, message, type, content, metadata) {
  sendMessage(server.connInfo.key, socket, message, type, content, metadata);
}

module.exports = {
  foreignFrame,
  isStop,
  reply,
  encodeBundle,
  encodeMetadata,
  displayOf,
  errorContent,
  tracebackOf,
};
