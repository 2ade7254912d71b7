'use strict';
// The library that cells import is compiled from lib/. When lib/ has changed, it is compiled before the
// first cell runs; what the compiler has against it is that cell's error.

const path = require('node:path');

const setup = path.join(__dirname, '..', 'scripts', 'setup');

/** Loads what the set-up knows of the library. */
async function loadStep() {
  const [{ library }, { reasonToRun, runStep }, { takeLock }, { stateFolder }] = await Promise.all(
    ['library', 'step', 'lock', 'paths'].map((name) => import(path.join(setup, `${name}.mjs`))),
  );
  const isStale = () => reasonToRun(library) !== null;
  return { library, isStale, runStep, takeLock, lock: path.join(stateFolder, 'lock') };
}

/** The library is not as lib/ says. */
class LibraryError extends Error {
  get name() {
    return 'LibraryError';
  }
}

async function compile(say) {
  const step = await loadStep();
  if (!step.isStale()) return;
  const release = await step.takeLock(step.lock, () => say('Waiting for a set-up to end …\n'));
  try {
    if (!step.isStale()) return; // another kernel has done it
    say('lib/ has changed: compiling it …\n');
    await step.runStep(step.library, {});
  } catch ({ message, remedy }) {
    throw new LibraryError(`${message}\n${remedy}`);
  } finally {
    release();
  }
}

/**
 * Compiles the library if it has to be, once; after a failure again before the next cell.
 *
 * @returns a function to await before a cell runs; `say` shows the user what takes time
 */
function freshLibrary() {
  let done = false;
  return async (say) => {
    if (done) return;
    await compile(say);
    done = true;
  };
}

module.exports = { freshLibrary, LibraryError };
