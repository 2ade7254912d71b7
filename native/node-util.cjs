'use strict';
// tfjs-node 4.22 calls two functions of Node's `util` that are gone since Node 23, and said to be deprecated before.
// Required ahead of tfjs-node by whatever loads it: lib, the kernel, the doctor, and the trials of the set-up.

const util = require('node:util');

const functions = {
  isArray: Array.isArray,
  isNullOrUndefined: (value) => value === null || value === undefined,
};

for (const [name, value] of Object.entries(functions)) {
  Object.defineProperty(util, name, { value, configurable: true, writable: true });
}
