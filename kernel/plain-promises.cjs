'use strict';
// Promises are shown as ever. Node marks each with what it was made in, once somebody asks for that, and shows the marks.

const { inspect } = require('node:util');

const marks = new Set(['async_id_symbol', 'trigger_async_id_symbol', 'kResourceStore']);

function hideMarks(value) {
  for (const symbol of Object.getOwnPropertySymbols(value))
    if (marks.has(symbol.description)) Object.defineProperty(value, symbol, { enumerable: false });
}

/** Hides the marks of a promise, and of a timer, when it is shown. */
function installPlainPromises() {
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  for (const prototype of [Promise.prototype, Object.getPrototypeOf(timer)]) {
    const own = prototype[inspect.custom];
    Object.defineProperty(prototype, inspect.custom, {
      configurable: true,
      writable: true,
      value(...args) {
        hideMarks(this);
        return own ? own.apply(this, args) : this; // itself: to be shown as usual
      },
    });
  }
}

module.exports = { installPlainPromises };
