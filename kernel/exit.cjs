'use strict';
// A cell that calls process.exit() would end the kernel without an answer, and lose all variables.

/** As Python's, which ipykernel shows and outlives. */
class SystemExit extends Error {
  get name() {
    return 'SystemExit';
  }
}

/** Makes `process.exit` throw in cells and in what they have begun; the kernel itself still ends by it. */
function refuseExit() {
  const exit = process.exit;
  process.exit = (code) => {
    if (globalThis[Symbol.for('kernel.cell')]?.() === undefined) exit(code);
    throw new SystemExit(
      'process.exit() would end the kernel. To end a cell throw an error; to end the kernel take "Restart Kernel" or ' +
        '"Shut Down Kernel" of the menu Kernel.',
    );
  };
}

module.exports = { refuseExit };
