// The C++ compiler: the machine's, or, where there is none, Zig's from a Python wheel: clang with a standard library of its
// own, so that it builds what speaks C with TensorFlow, and not the library's ops, which speak C++ with it.
import path from 'node:path';
import { findCompiler } from './check.mjs';
import { inRoot } from './paths.mjs';
import { environmentMismatch, makeAndInstall, sitePackages } from './python-environment.mjs';

const folder = inRoot('.setup', 'compiler');
const files = [inRoot('requirements-compiler.txt')];

/**
 * @typedef {object} Compiler
 * @property {string[]} command the program, and what stands before all other arguments
 * @property {NodeJS.ProcessEnv} env
 * @property {boolean} [linksFast] by a linker that takes TensorFlow's libraries in no time, and not all of a system's options
 */

/** The machine's own compiler, or null. @returns {Compiler | null} */
export function ownCompiler() {
  const command = findCompiler();
  return command === null ? null : { command, env: process.env };
}

/** One that can build tfjs-node's addon. @returns {Promise<Compiler>} */
export async function anyCompiler(options) {
  return ownCompiler() ?? zigCompiler(options);
}

/** Zig's, fetched where it is not there. It compiles for WebAssembly, too. @returns {Promise<Compiler>} */
export async function zigCompiler({ logFile, python, say = () => {} }) {
  if (environmentMismatch(folder, files) !== null) {
    say('set-up: no C++ compiler is there; fetching one (a Python wheel of 0.1 GB) …');
    // Into an environment of its own: a system's Python may be without pip.
    await makeAndInstall({ folder, files, python, logFile, options: ['--no-compile'] });
  }
  const zig = path.join(sitePackages(folder), 'ziglang', 'zig');
  const cache = path.join(folder, 'cache');
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
  return { command: [zig, 'c++'], env, linksFast: true };
}
