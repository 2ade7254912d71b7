'use strict';
// The library that cells import is compiled from lib/. When lib/ has changed, it is compiled before the
// first cell runs; what the compiler has against it is that cell's error.

const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const lib = path.join(root, 'lib');
const dist = path.join(root, 'dist') + path.sep;
const setup = path.join(root, 'scripts', 'setup');

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

async function compileLibrary(say) {
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

/** When each file of lib/ was written last. */
function stamps(folder) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return stamps(file);
      return entry.name.endsWith('.ts') ? `${file} ${fs.statSync(file).mtimeMs}` : [];
    })
    .join('\n');
}

const isInUse = () => Object.keys(require.cache).some((file) => file.startsWith(dist));

/**
 * Compiles the library before the first cell if it has to be; after a failure again before the next cell, and, as long as no
 * cell has imported it, whenever lib/ has changed. What is loaded stays: of a change after that the next cell tells.
 *
 * @param options for tests: another folder, what compiles it, whether it is loaded
 * @returns a function to await before a cell runs; `say` shows the user what takes time
 */
function freshLibrary({ folder = lib, compile = compileLibrary, isLoaded = isInUse } = {}) {
  let compiled = null; // when lib/ was written that is in dist/
  let told = null;
  return async (say) => {
    const now = stamps(folder);
    if (now === compiled || now === told) return;
    if (compiled !== null && isLoaded()) {
      say(
        'lib/ has changed: restart the kernel to use it. This kernel has the library as it was.\n',
      );
      told = now;
      return;
    }
    await compile(say);
    compiled = now;
  };
}

module.exports = { freshLibrary };
