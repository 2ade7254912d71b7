'use strict';
// There is nobody at a terminal: code that asks for input is told so, instead of waiting for ever.

/** As ipykernel's error where a frontend takes no questions. */
class StdinNotImplementedError extends Error {
  get name() {
    return 'StdinNotImplementedError';
  }
}

function refuse() {
  throw new StdinNotImplementedError(
    'This kernel takes no input from the keyboard. Set a variable in a cell instead.',
  );
}

/** Makes every way to ask the user throw. */
function refuseInput() {
  // Not enumerable: whoever imports `node:process` copies what is.
  Object.defineProperty(process, 'stdin', { configurable: true, enumerable: false, get: refuse });
  for (const name of ['prompt', 'confirm']) {
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value: refuse });
  }
}

module.exports = { refuseInput };
