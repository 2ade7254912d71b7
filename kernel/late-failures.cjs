'use strict';
// Failures outside of any cell: a promise that nobody awaited, an exception in a timer.

const { tracebackOf } = require('./messages.cjs');
const { Interrupted } = require('./stop-listener.cjs');

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
      if (thrown instanceof Interrupted) return; // a timer's loop that Stop has ended
      console.error(`${name}: ${tracebackOf(thrown).join('\n')}`);
    });
  }
}

module.exports = { installLateFailures };
