// One program of the test run: its output is shown as it comes, its end is waited for.
import { spawn } from 'node:child_process';
import { root } from '../setup/paths.mjs';
import { exitCodeOf, onStopRequest } from '../setup/signals.mjs';

let current = null;
let stopped = null;
onStopRequest((signal) => {
  stopped = signal;
  current?.kill(signal);
});

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<number>} its exit code
 */
export function runShown(program, args, env = process.env) {
  if (stopped !== null) process.exit(exitCodeOf(null, stopped));
  return new Promise((resolve) => {
    current = spawn(program, args, { cwd: root, env, stdio: 'inherit' });
    current.once('error', (error) => {
      process.stderr.write(`${program}: ${error.message}\n`);
      resolve(127);
    });
    current.once('exit', (code, signal) => resolve(exitCodeOf(code, signal)));
  });
}
