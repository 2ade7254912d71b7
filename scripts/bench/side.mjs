// One side of a comparison: a process that holds a model and does steps when told.
import { spawn } from 'node:child_process';
import readline from 'node:readline';
import { root } from '../setup/paths.mjs';

export class Side {
  #process;
  #answers;
  #errors = '';

  /**
   * @param {string[]} command program and arguments
   * @param {Record<string, string>} env added to this process's
   */
  constructor([program, ...args], env = {}) {
    this.#process = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#process.stderr.on('data', (text) => (this.#errors = (this.#errors + text).slice(-4000)));
    this.#process.on('error', ({ message }) => (this.#errors += message)); // it did not even start
    this.#process.stdin.on('error', () => {}); // it ended: `next` says why
    const lines = readline.createInterface({ input: this.#process.stdout });
    this.#answers = lines[Symbol.asyncIterator]();
    this.name = program;
  }

  get pid() {
    return this.#process.pid;
  }

  /** What the process says when it is ready. */
  ready() {
    return this.next();
  }

  /** Does steps. @returns {Promise<{ seconds: number[], results: unknown[], peak: number }>} */
  steps(count) {
    this.#process.stdin.write(`${JSON.stringify({ steps: count })}\n`);
    return this.next();
  }

  /** The next answer: the next line that is JSON. */
  async next() {
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(`${this.name} ended without an answer:\n${this.#errors}`);
      if (value.startsWith('{')) return JSON.parse(value);
    }
  }

  /** Ends the process whatever it does. */
  kill() {
    this.#process.kill('SIGKILL');
  }

  /** Ends the process and waits until its memory is free. */
  close() {
    return new Promise((resolve) => {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) resolve();
      this.#process.once('exit', resolve);
      this.#process.stdin.end();
    });
  }
}
