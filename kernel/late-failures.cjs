'use strict';
// Failures outside of any cell: a promise that nobody awaited, an exception in a timer.

const { isStop, tracebackOf } = require('./messages.cjs');

/**
 * Prints them on stderr, which is the last cell's, and lets the kernel live. The headless runner looks
 * for these two words.
 */
function installLateFailures() {
  const kinds = {
    uncaughtException: 'UncaughtException',
    unhandledRejection: 'UnhandledPromiseRejection',
  };
  for (const [event, name] of Object.entries(kinds)) {
    process.removeAllListeners(event); // tslab's, which print the kernel's own frames as well
    process.on(event, (thrown) => {
      if (isStop(thrown)) return; // a timer's loop, or a drawing that nobody awaits: who pressed Stop knows
      console.error(`${name}: ${tracebackOf(thrown).join('\n')}`);
    });
  }
}

module.exports = { installLateFailures };
