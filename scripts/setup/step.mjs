// Steps of the set-up: done once, done again when what they depend on has changed.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CommandFailed } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { logFolder, root, stateFolder } from './paths.mjs';

/**
 * @typedef {object} Step
 * @property {string} name names its stamp and its log file
 * @property {string} title what the user reads
 * @property {number} disk what it needs on the disk, in GB
 * @property {() => unknown} inputs what it depends on, as JSON; a change of it runs the step again
 * @property {() => string | null} missing what its result lacks; null if all is there
 * @property {boolean} [verified] `missing` looks at every part of the result and its version, so that
 *   a result made by other means needs no stamp
 * @property {string[]} [needs] names of steps that have to be done before it; it runs beside all others
 * @property {() => string | null} [told] what is to be known of its result, if it is not the usual one
 * @property {string} remedy what to try when it fails
 * @property {(context: { logFile: string, python: string, say?: (text: string) => void }) => Promise<void>} run
 */

const stampFile = (step) => path.join(stateFolder, `${step.name}.stamp`);

export const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');

/** Why a step has to run, or null if it need not. */
export function reasonToRun(step) {
  const missing = step.missing();
  if (missing !== null) return missing;
  if (step.verified) return null;
  const file = stampFile(step);
  if (!fs.existsSync(file)) return 'not done yet';
  return fs.readFileSync(file, 'utf8') === stamp(step) ? null : 'what it depends on has changed';
}

// A clone that was moved has to be set up again: paths are written into what is built.
const stamp = (step) => sha256(JSON.stringify([root, step.inputs()]));

/**
 * Runs a step and stamps it.
 *
 * @param {Step} step
 * @param {{ python: string, say?: (text: string) => void }} tools
 */
export async function runStep(step, tools) {
  const logFile = path.join(logFolder, `${step.name}.log`);
  try {
    fs.mkdirSync(logFolder, { recursive: true });
    fs.writeFileSync(logFile, '');
    fs.rmSync(stampFile(step), { force: true });
    await step.run({ ...tools, logFile });
    const missing = step.missing();
    if (missing !== null) throw new SetupFailure(`it ended, but ${missing}`, step.remedy);
    fs.writeFileSync(stampFile(step), stamp(step));
  } catch (error) {
    throw explained(step, error);
  }
}

const isFull = (text) => /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/i.test(text);
const makeRoom =
  `A disk is full, or your share of it: make room where the clone is (${root}), where npm and pip keep what they have ` +
  `fetched (~/.npm, ~/.cache/pip), and in ${os.tmpdir()} (\`df -h\`), then run the command again: what has come is kept.`;

function explained(step, error) {
  const remedy = isFull([error.message, ...(error.excerpt ?? [])].join('\n'))
    ? makeRoom
    : step.remedy;
  if (error instanceof SetupFailure) {
    return new SetupFailure(`${step.title}: ${error.message}`, error.remedy);
  }
  if (error instanceof CommandFailed) {
    const lines = error.excerpt.map((line) => `    ${line}`).join('\n');
    const log = path.relative(root, error.logFile);
    return new SetupFailure(
      `${step.title}: ${error.message}\n${lines}\n  (the whole output: ${log})`,
      remedy,
    );
  }
  return new SetupFailure(`${step.title}: ${error.message}`, remedy);
}
