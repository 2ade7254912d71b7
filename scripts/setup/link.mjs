// How native code is linked to TensorFlow's libraries.
import fs from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import {
  bindsWhenLoaded,
  emptyLibraryArguments,
  emptyTensorflowArguments,
  tensorflowArguments,
  tensorflowLibraries,
} from './systems.mjs';

/**
 * What links to TensorFlow's libraries. Where names are bound when a library is loaded, empty libraries of the same names
 * will do: a linker takes seconds to read the half a million names of the real ones, of which it needs none.
 *
 * @param {{ tensorflow: string, folder: string, compiler: import('./compiler.mjs').Compiler, logFile: string }} options
 *   `folder`: of the caller's, which removes it when all is linked
 * @returns {Promise<string[]>} arguments of the compiler
 */
export async function linkArguments({ tensorflow, folder, compiler, logFile }) {
  const real = tensorflowLibraries(tensorflow);
  if (compiler.linksFast || !bindsWhenLoaded()) return tensorflowArguments(tensorflow);
  fs.mkdirSync(folder, { recursive: true });
  const [program, ...first] = compiler.command;
  const empty = await Promise.all(
    real.map(async (library) => {
      const file = path.join(folder, path.basename(library));
      await run(program, [...first, ...emptyLibraryArguments(file)], {
        logFile,
        env: compiler.env,
      });
      return file;
    }),
  );
  return emptyTensorflowArguments(tensorflow, empty);
}
