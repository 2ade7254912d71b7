'use strict';
// Code of a value (its view, its getters) that Stop can end though it never waits.

const vm = require('node:vm');

const slot = Symbol.for('kernel.interruptibly');
const script = new vm.Script(`globalThis[Symbol.for('kernel.interruptibly')]()`, {
  filename: 'node:kernel',
});

/**
 * Calls `task` so that Stop breaks it off.
 *
 * @throws what `task` throws; an error with code ERR_SCRIPT_EXECUTION_INTERRUPTED after Stop
 */
function interruptibly(task) {
  const outer = globalThis[slot]; // a value within a value
  Object.defineProperty(globalThis, slot, { configurable: true, value: task });
  try {
    return script.runInThisContext({ breakOnSigint: true });
  } finally {
    Object.defineProperty(globalThis, slot, { configurable: true, value: outer });
  }
}

module.exports = { interruptibly };
