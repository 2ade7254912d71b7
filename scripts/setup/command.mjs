// Running other programs: their output goes to a log file, and its last lines into the error.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';

const running = new Set();
// Without this, an interrupted set-up would leave pip or npm at work in the background. Each program has
// a process group of its own, since they start further ones.
process.on('exit', () => signalAll('SIGKILL'));

function signalAll(signal) {
  for (const { pid } of running) {
    try {
      process.kill(-pid, signal);
    } catch {
      // it has just ended
    }
  }
}

/**
 * Ends all that runs, and waits for its end. npm that is asked to end puts back what was there, for half a minute: the next
 * set-up's npm would meet it, and both would fail. What is left half-done is told by the steps.
 *
 * @param {number} [patience] in ms, before what does not end when it is asked to is killed
 */
export async function endAll(patience = 2000) {
  const ends = [...running].map((child) => once(child, 'exit'));
  signalAll('SIGTERM');
  const late = setTimeout(() => signalAll('SIGKILL'), patience);
  await Promise.all(ends);
  clearTimeout(late);
}

/** A program that could not be started, or that ended with an error. */
export class CommandFailed extends Error {
  constructor(command, reason, logFile) {
    super(`\`${command}\` ${reason}`);
    this.name = 'CommandFailed';
    this.logFile = logFile;
    this.excerpt = excerpt(lines(logFile));
  }
}

/**
 * Runs a program to its end, its output appended to `logFile`.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ logFile: string, cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<void>} rejected with a `CommandFailed`
 */
export function run(program, args, { logFile, cwd, env = process.env }) {
  const shown = [program, ...args].join(' ');
  const log = fs.openSync(logFile, 'a');
  fs.writeSync(log, `$ ${shown}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', log, log], detached: true });
    if (child.pid !== undefined) running.add(child);
    const end = (reason) => {
      running.delete(child);
      fs.closeSync(log);
      if (reason) reject(new CommandFailed(shown, reason, logFile));
      else resolve();
    };
    child.once('error', (error) => end(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      end(code === 0 ? null : signal ? `was ended by ${signal}` : `ended with exit code ${code}`),
    );
  });
}

/** What a program prints on stdout, or null when it is missing or fails. */
export function output(program, args) {
  const result = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 });
  return result.status === 0 ? result.stdout.trim() : null;
}

const lines = (file) =>
  fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');

/** The lines that tell most: those that speak of an error, else the last ones; of those on one more try, the last. */
export function excerpt(all, count = 12) {
  const isTry = (line) => /^\S*\s*Retrying/.test(line);
  const told = all.filter((line, index) => !isTry(line) || !all.slice(index + 1).some(isTry));
  const errors = told.filter((line) => /error|fatal|not found|no space|missing/i.test(line));
  return errors.length > 0 ? errors.slice(0, count) : told.slice(-count);
}
