// The beginning of every command: its help, or what is wrong with the command line, before anything is loaded or
// set up. Misuse ends with exit code 2, a failure with 1.
import { createRequire } from 'node:module';
import path from 'node:path';
import util from 'node:util';
import { checkNode } from '../setup/check.mjs';
import { inRoot, root } from '../setup/paths.mjs';
import { helpOf } from './help.mjs';
import { commandLine, parse } from './parse.mjs';

/**
 * Ends the process with what is wrong with the command line.
 *
 * @param {import('./parse.mjs').Command} command
 * @param {string[]} problems sentences
 */
export function misuse(command, problems) {
  for (const problem of problems) process.stderr.write(`${command.name}: ${problem}\n`);
  process.stderr.write(`\`${commandLine(command, '--help')}\` tells all options.\n`);
  process.exit(2);
}

/** The names of errors that the user can mend; what to do is their remedy, or in their message. */
const MENDABLE = ['SetupFailure', 'FolderLockedError'];

/** Node would show a line of dist/ above the trace. What the user can mend needs no trace. */
function tellFailure(error) {
  const remedy = error?.remedy === undefined ? '' : `\n\nWhat to do: ${error.remedy}`;
  const isMendable = MENDABLE.includes(error?.name);
  process.stderr.write(`${isMendable ? `${error.message}${remedy}` : util.inspect(error)}\n`);
  process.exit(1);
}

/**
 * What the command line asks for. Ends the process where it asks for help, or for what there is not.
 *
 * @param {import('./parse.mjs').Command} command
 * @param {import('./parse.mjs').Command[]} [elsewhere]
 * @returns {{ values: Record<string, any>, words: any[], rest: string[] }}
 */
export function readCommandLine(command, elsewhere = []) {
  process.on('uncaughtException', tellFailure);
  if (util.parseArgs === undefined) {
    try {
      checkNode(process.versions.node);
    } catch (error) {
      process.stderr.write(`${error.message}\nWhat to do: ${error.remedy}\n`);
      process.exit(1);
    }
  }
  const asked = parse(command, process.argv.slice(2), { elsewhere });
  if ('help' in asked) {
    process.stdout.write(`${helpOf(command)}\n`);
    process.exit(0);
  }
  if ('problems' in asked) misuse(command, asked.problems);
  return asked;
}

/** A folder or file of the clone from its root, where npm runs commands; others whole. */
export const typed = (place) =>
  place.startsWith(root + path.sep) ? path.relative(root, place) : place;

/**
 * The compiled library, after the set-up: a file of dist/. From here on traces tell places of lib/.
 *
 * @param {string} [file] by default all of it, without what lives in a cell
 */
export function library(file = 'index.js') {
  const require = createRequire(import.meta.url);
  require(inRoot('kernel', 'library-traces.cjs')).installLibraryTraces();
  return require(inRoot('dist', file));
}

/**
 * Calls what checks a value that only the library knows the rules of, such as the keys of a recipe. What it refuses is
 * misuse of the command; but for a folder that another process has, which it may have left at the next try.
 *
 * @template T
 * @param {import('./parse.mjs').Command} command
 * @param {string} option
 * @param {() => T} make
 * @returns {T}
 */
export function checkedBy(command, option, make) {
  try {
    return make();
  } catch (error) {
    if (error instanceof TypeError) throw error;
    if (['IdxError', 'FolderLockedError'].includes(error.constructor.name)) throw error;
    return misuse(command, [`${option}: ${error.message}`]);
  }
}
