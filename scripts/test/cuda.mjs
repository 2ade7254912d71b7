// Whether test/setup/cuda.test.ts runs: it fetches 3.4 GB, which nobody gets unasked, and says so where it does not run.
import fs from 'node:fs';
import os from 'node:os';
import { seesGpu } from '../setup/device.mjs';

export const cudaTest = 'test/setup/cuda.test.ts';
const command = `SDM_TEST_CUDA=1 npm test -- ${cudaTest}`;

/** In GB: the clone with its packages, and what lies beside them while pip unpacks. */
const disk = 14;

const isOn = (word) => word !== undefined && !['', '0', 'false'].includes(word);

/**
 * Why the test does not run, and what would run it, in a line; null if it runs.
 *
 * @param {{ env?: NodeJS.ProcessEnv, system?: { platform: string, arch: string }, folder?: string, isSeen?: () => boolean,
 *   statfs?: (folder: string) => { bavail: number, bsize: number } }} [machine] for tests
 */
export function whyWithoutCuda({
  env = process.env,
  system = process,
  folder = os.tmpdir(),
  isSeen = seesGpu,
  statfs = fs.statfsSync,
} = {}) {
  if (system.platform !== 'linux' || system.arch !== 'x64') {
    return `TensorFlow has CUDA's wheels for Linux on x64, this is ${system.platform} on ${system.arch}.`;
  }
  if (!isOn(env.SDM_TEST_CUDA ?? env.CI)) {
    return `it fetches 3.4 GB, and was not asked for: \`${command}\` runs it.`;
  }
  if (isSeen()) {
    return 'a GPU is here: this clone itself is set up with these wheels, and `npm run gpu-check` computes with them.';
  }
  const { bavail, bsize } = statfs(folder);
  const free = (bavail * bsize) / 1e9;
  if (free >= disk) return null;
  return (
    `${disk} GB of free disk are needed in ${folder}, ${free.toFixed(1)} GB are there: make room, or name a folder of a ` +
    `larger disk: \`TMPDIR=FOLDER ${command}\`.`
  );
}
