// The whole set-up: each step only if needed, as soon as those that it needs are done.
import path from 'node:path';
import {
  checkDisk,
  checkExecutable,
  checkLibc,
  checkNode,
  checkPlatform,
  findCompiler,
  findPython,
  glibcVersion,
} from './check.mjs';
import { endAll } from './command.mjs';
import { kernelspec } from './kernelspec.mjs';
import { labextension } from './labextension.mjs';
import { SetupFailure } from './failure.mjs';
import { fusedOps } from './fused-ops.mjs';
import { library } from './library.mjs';
import { takeLock } from './lock.mjs';
import { checkTensorflow, nativeAddon } from './native-addon.mjs';
import { nodePackages } from './node-packages.mjs';
import { root, stateFolder } from './paths.mjs';
import { pythonPackages } from './python-packages.mjs';
import { exitCodeOf } from './signals.mjs';
import { reasonToRun, runStep } from './step.mjs';
import { pythonEnvironment, tensorflowPackage } from './tensorflow-package.mjs';
import { webPage } from './web-page.mjs';
import { isWritable } from './writable.mjs';

export const steps = [
  nodePackages,
  pythonEnvironment,
  tensorflowPackage,
  pythonPackages,
  nativeAddon,
  fusedOps,
  library,
  kernelspec,
  labextension,
  webPage,
];

/** What temporary files and the first checkpoints take, in GB. A first set-up needs 5 GB in all. */
const roomToWork = 2;

/** A terminal that is closed hangs up: pip and npm have groups of their own, and would go on. */
const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const say = (text) => process.stderr.write(`${text}\n`);
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** What is set up lies in the clone; once it is, the clone may be read-only. */
export function checkClone(task, folder = root, canWrite = isWritable) {
  if (canWrite(folder)) return;
  throw new SetupFailure(
    `${folder} cannot be written to, and this is to be done there: ${task}.`,
    'Mount it writable, or let the user that it belongs to run `npm run setup`, and then run the command again with the ' +
      'same Node. Whatever is set up can be used from a clone that is read-only.',
  );
}

/** What the machine must have; looked at only when there is something to do. */
function checkMachine(pending) {
  checkPlatform(process.platform, process.arch);
  const python = findPython(process.env.SDM_PYTHON);
  checkLibc(glibcVersion());
  findCompiler(); // one named in CXX must run
  checkTensorflow();
  const needed = pending.reduce((sum, step) => sum + step.disk, roomToWork);
  checkDisk(root, needed);
  checkExecutable(root);
  return { python, say };
}

/**
 * Does something with each step once it is done with those that the step needs; with others at the same time.
 *
 * @param {import('./step.mjs').Step[]} all
 * @param {(step: import('./step.mjs').Step) => Promise<void>} run
 */
export function inOrder(all, run) {
  const ends = new Map();
  const end = (step) => {
    if (!ends.has(step)) {
      const needed = all.filter(({ name }) => step.needs?.includes(name));
      ends.set(
        step,
        Promise.all(needed.map(end)).then(() => run(step)),
      );
    }
    return ends.get(step);
  };
  return Promise.all(all.map(end));
}

/**
 * Runs the steps that have to run; says nothing if there is none.
 *
 * @param {{ wanted?: import('./step.mjs').Step[], extra?: import('./step.mjs').Step[] }} [options] the steps (default:
 *   those of a clone) and further ones at the end
 * @throws {import('./failure.mjs').SetupFailure} from the first step that fails
 */
export async function setUp({ wanted = steps, extra = [] } = {}) {
  checkNode(process.versions.node);
  const all = [...wanted, ...extra];
  const first = all.find((step) => reasonToRun(step) !== null);
  if (first === undefined) return;
  checkClone(`${first.title} (${reasonToRun(first)})`);

  const release = await takeLock(path.join(stateFolder, 'lock'), (pid) =>
    say(`Another set-up of this clone (process ${pid}) is at work; waiting for it.`),
  );
  // Ends by way of `exit`, which gives the lock back, when pip and npm have ended.
  let stopped = null;
  const interrupted = (signal) => {
    stopped ??= endAll().then(() => process.exit(exitCodeOf(null, signal)));
  };
  for (const signal of STOPS) process.on(signal, interrupted);
  try {
    const pending = all.filter((step) => reasonToRun(step) !== null);
    if (pending.length === 0) return;
    const started = performance.now();
    const tools = checkMachine(pending);
    const runIfNeeded = async (step) => {
      // Asked again: npm ci, for one, removes what later steps have made.
      const reason = reasonToRun(step);
      if (reason === null) return;
      say(`set-up: ${step.title} (${reason}) …`);
      const stepStarted = performance.now();
      await runStep(step, tools);
      say(`set-up: ${step.title}: done in ${seconds(stepStarted)}`);
    };
    await inOrder(all, runIfNeeded);
    say(`set-up: complete after ${seconds(started)}`);
  } catch (error) {
    await (stopped ?? endAll()); // what runs beside the step that failed
    throw error;
  } finally {
    for (const signal of STOPS) process.removeListener(signal, interrupted);
    release();
  }
}

/** Runs `setUp`, and ends the process with a readable message if it fails. */
export async function setUpOrExit(options) {
  try {
    await setUp(options);
  } catch (error) {
    if (error.name !== 'SetupFailure') throw error;
    say(`\nset-up failed: ${error.message}\n\nWhat to do: ${error.remedy}`);
    process.exit(1);
  }
}
