'use strict';
// What is written past JavaScript by calls that wait for it, in the order of the calls.

const childProcess = require('node:child_process');
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const waiting = [
  [childProcess, ['execFileSync', 'execSync', 'spawnSync']],
  [fs, ['appendFileSync', 'writeFileSync', 'writeSync', 'writevSync']],
];

/** Whether a file is the process's stdout or stderr. */
const isOutput = (file) => file === 1 || file === 2 || /^\/dev\/(std|fd)/.test(String(file));

/**
 * Has `flush` called after each such call: stdout and stderr are two pipes, which do not tell which of two calls
 * came first.
 */
function keepOrder(flush) {
  for (const [module, names] of waiting) {
    for (const name of names) {
      const call = module[name];
      module[name] = Object.defineProperty(
        function (...args) {
          try {
            return call.apply(this, args);
          } finally {
            if (module === childProcess || isOutput(args[0])) flush();
          }
        },
        'name',
        { value: name },
      );
    }
  }
  syncBuiltinESMExports();
}

module.exports = { keepOrder };
