// Starts this machine's workers, each in a process of its own, and watches all: a worker's thread waits inside of TensorFlow
// for the others, so that it cannot tell by itself that one hangs.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { inRoot } from '../setup/paths.mjs';
import { exitCodeOf, onStopRequest } from '../setup/signals.mjs';
import { Watch } from './probe.mjs';

/** The exit code if another worker is gone: EX_TEMPFAIL of sysexits.h, "try again". */
export const WORKER_LOST = 75;

/** The exit code if the command line is wrong. */
const MISUSE = 2;

/** The exit code of a training that was asked to stop. */
const STOPPED = 130;

/** Milliseconds in which those that have lost one go on answering, so that nobody takes them for it. */
const GRACE = 3000;

function startWorker({ index, bind, cores }, addresses, argv) {
  const member = JSON.stringify({ addresses, index, bind });
  const node = [process.execPath, inRoot('scripts', 'cluster', 'worker.mjs'), ...argv];
  const preload = `LD_PRELOAD=${inRoot('.setup', 'native', 'distributed.node')}`;
  const command = [...(cores ? ['taskset', '-c', cores.join()] : []), 'env', preload, ...node];
  return spawn(command[0], command.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, SDM_CLUSTER_MEMBER: member },
  });
}

/**
 * Runs the workers of this machine to their end.
 *
 * @param {import('./plan.mjs').Plan} plan
 * @param {{ timeout: number, argv: string[] }} options seconds without an answer after which a worker is gone, and the
 *   words of the command line for each worker
 * @returns {Promise<number>} the exit code
 */
export async function supervise({ addresses, own }, { timeout, argv }) {
  const say = (text) => process.stderr.write(`${text}\n`);
  const watch = new Watch(addresses, timeout * 1000);
  const children = own.map((worker) => startWorker(worker, addresses, argv));
  const done = new Set();
  const results = [];
  let lost;
  let isStopped = false;
  const onStop = () => void stop();
  onStopRequest(onStop);
  if (process.stdin.isTTY) process.on('SIGINT', onStop); // the terminal tells the workers as well

  /** They end after the present step; at once where there is none yet, since some are not there. */
  async function stop() {
    isStopped = true;
    for (const child of children) child.kill('SIGTERM');
    const missing = (await watch.ask()).filter((i) => !watch.everAnswered[i]);
    if (missing.length === 0 || lost) return;
    stopWatching();
    const others = missing.filter((i) => own.every(({ index }) => index !== i));
    say(['Stopped before the first step', ...others.map((i) => watch.describe(i))].join('; '));
    // Those that are there wait for the others inside of TensorFlow, where they hear nothing.
    for (const child of children) child.kill('SIGKILL');
  }

  const stopWatching = watch.start((gone) => {
    const after = `without an answer for ${timeout} s`;
    give(gone.map((i) => `${watch.describe(i)}, ${after}`));
  });

  /** Ends this machine's workers, since others are gone. */
  function give(who, { text = '', canGoOn = true } = {}) {
    if (lost) return;
    stopWatching();
    lost = (async () => {
      const names = own.map(({ index }) => index).join(' and ');
      say(`Worker ${names} of ${addresses.length} cannot go on: ${who.join('; ') || text}`);
      if (canGoOn) {
        say('Start all workers again with the same command: they go on from the last checkpoint.');
      }
      await sleep(GRACE);
      for (const child of children) child.kill('SIGKILL');
    })();
  }

  async function isLost(text) {
    if (lost) return;
    // Asked at once: those that have lost one themselves still answer.
    const missing = await watch.ask();
    give(
      missing.map((i) => watch.describe(i)),
      { text },
    );
  }

  await Promise.all(
    children.map(
      (child, i) =>
        new Promise((resolve) => {
          child.on('message', ({ state, text }) => {
            if (state === 'lost') void isLost(text);
            if (state === 'done') done.add(i);
            if (done.size === children.length) stopWatching();
          });
          child.on('error', (error) => say(`${error.message}`));
          child.on('close', (code, signal) => {
            results[i] = exitCodeOf(code, signal) ?? 1;
            if (isStopped && signal) {
              results[i] = STOPPED;
            } else if (signal && !lost && !done.has(i)) {
              give([`worker ${own[i].index} of ${addresses.length} was ended by ${signal}`]);
            } else if (results[i] !== 0 && children.length > 1 && !lost && !done.has(i)) {
              const who = `worker ${own[i].index} of ${addresses.length}`;
              // A command line that is wrong stays wrong.
              give([`${who} ended with exit code ${code}`], { canGoOn: code !== MISUSE });
            }
            resolve();
          });
        }),
    ),
  );
  stopWatching();
  await lost;
  // What a worker says of itself weighs more than what the others say of it.
  const codes = results.filter((code) => code !== 0 && code !== 137 && code !== WORKER_LOST);
  return codes[0] ?? (lost ? WORKER_LOST : (results.find((code) => code !== 0) ?? 0));
}
