// Programs of the test run: their output is shown as it comes, their end is waited for.
import { spawn } from 'node:child_process';
import { root } from '../setup/paths.mjs';
import { exitCodeOf, onStopRequest } from '../setup/signals.mjs';

const running = new Set();
let stopped = null;
onStopRequest((signal) => {
  stopped = signal;
  for (const child of running) child.kill(signal);
});

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<number>} its exit code
 */
export function runShown(program, args, env = process.env, cwd = root) {
  if (stopped !== null) process.exit(exitCodeOf(null, stopped));
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: 'inherit' });
    running.add(child);
    child.once('error', (error) => {
      running.delete(child);
      process.stderr.write(`${program}: ${error.message}\n`);
      resolve(127);
    });
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve(exitCodeOf(code, signal));
    });
  });
}
