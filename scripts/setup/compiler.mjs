// The C++ compiler: the machine's, or, where there is none, Zig's from a Python wheel: clang with a standard library of its
// own, so that it builds what speaks C with TensorFlow, and not the library's ops, which speak C++ with it.
import fs from 'node:fs';
import path from 'node:path';
import { findCompiler } from './check.mjs';
import { run } from './command.mjs';
import { inRoot, jupyterEnvironment, root } from './paths.mjs';

const folder = inRoot('.setup', 'compiler');
const zig = path.join(folder, 'ziglang', 'zig');

/**
 * @typedef {object} Compiler
 * @property {string[]} command the program, and what stands before all other arguments
 * @property {NodeJS.ProcessEnv} env
 * @property {boolean} [linksFast] by a linker that takes TensorFlow's libraries in no time, and not all of a system's options
 */

/** The machine's own compiler, or null. @returns {Compiler | null} */
export function ownCompiler() {
  const compiler = findCompiler();
  return compiler === null ? null : { command: [compiler], env: process.env };
}

/** One that can build tfjs-node's addon. @returns {Promise<Compiler>} */
export async function anyCompiler(options) {
  return ownCompiler() ?? zigCompiler(options);
}

/** Zig's, fetched where it is not there. It compiles for WebAssembly, too. @returns {Promise<Compiler>} */
export async function zigCompiler({ logFile, python, say = () => {} }) {
  if (!fs.existsSync(zig)) {
    say('set-up: no C++ compiler is there; fetching one (a Python wheel of 0.1 GB) …');
    fs.rmSync(folder, { recursive: true, force: true });
    const options = ['--no-deps', '--disable-pip-version-check', '--no-input', '--target', folder];
    const file = ['-r', 'requirements-compiler.txt'];
    await run(python, ['-m', 'pip', 'install', ...options, ...file], {
      logFile,
      cwd: root,
      env: jupyterEnvironment(),
    });
  }
  const cache = path.join(folder, 'cache');
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
  return { command: [zig, 'c++'], env, linksFast: true };
}
