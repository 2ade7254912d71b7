'use strict';
// Promises shown as ever, though Node follows them to know which cell they belong to.

const util = require('node:util');

/** What Node leaves on each promise that it follows; it would be shown, with all that the kernel knows of the cell. */
const tracks = new Set(['async_id_symbol', 'trigger_async_id_symbol', 'kResourceStore']);

function hideTracks(promise) {
  for (const key of Object.getOwnPropertySymbols(promise)) {
    if (tracks.has(key.description)) Object.defineProperty(promise, key, { enumerable: false });
  }
}

/** Leaves these out wherever a promise is shown, by `console.log` as well. */
function showPromisesPlain() {
  Object.defineProperty(Promise.prototype, util.inspect.custom, {
    configurable: true,
    writable: true,
    value() {
      if (util.types.isPromise(this)) hideTracks(this);
      return this; // Node goes on as without this
    },
  });
}

module.exports = { showPromisesPlain };
