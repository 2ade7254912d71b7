// The GPU as both sides see it, or a refusal where one of them sees none.
import { spawnSync } from 'node:child_process';
import { output } from '../../setup/command.mjs';
import { SetupFailure } from '../../setup/failure.mjs';
import { inRoot } from '../../setup/paths.mjs';

const OR_CPU = '`npm run bench` without --device measures on the CPU.';

/** The last line that is JSON of what a program prints. */
function answerOf(program, args) {
  const { stdout, stderr, status, signal, error } = spawnSync(program, args, {
    cwd: inRoot(),
    encoding: 'utf8',
  });
  const line = stdout?.split('\n').findLast((text) => text.startsWith('{'));
  if (status === 0 && line !== undefined) return JSON.parse(line);
  const end = stderr?.trim().split('\n').at(-1);
  throw new SetupFailure(
    `--device gpu: expected ${args.at(-1)} to tell of the GPU, it ended with ${error?.message ?? signal ?? status}: ${end}`,
    `\`npm run doctor\` tells what is wrong with this machine. ${OR_CPU}`,
  );
}

/**
 * @param {{ device: string, tensorflow: string }} binding
 * @param asked what asks for a GPU
 * @throws SetupFailure unless it uses one
 */
export function refuseBindingWithoutGpu({ device, tensorflow }, asked = '--device gpu') {
  if (device === 'gpu') return;
  throw new SetupFailure(
    `${asked}: expected a GPU, got none: TensorFlow's native binding (${tensorflow}) uses the ${device}.`,
    '`npm run doctor` tells whether the driver or the set-up is to blame; SDM_DEVICE=gpu makes the set-up install ' +
      `TensorFlow with CUDA. ${OR_CPU}`,
  );
}

/**
 * @param {{ torch: string, cuda: string | null, available: boolean }} peer
 * @throws SetupFailure unless PyTorch can use CUDA
 */
export function refusePeerWithoutGpu({ torch, cuda, available }, python) {
  if (available) return;
  const built = cuda === null ? 'built without CUDA' : `built for CUDA ${cuda}`;
  throw new SetupFailure(
    `--device gpu: expected a GPU, got none: torch.cuda.is_available() is false (PyTorch ${torch}, ${built}, in ${python}).`,
    "`npm run doctor` tells whether TensorFlow sees the GPU; if it does, the driver is too old for this PyTorch's CUDA: " +
      `update it, or name a Python with another PyTorch in SDM_PARITY_PYTHON. ${OR_CPU}`,
  );
}

/** What our binding says. @throws SetupFailure unless it uses a GPU */
export function bindingOnGpu(asked) {
  const found = answerOf(process.execPath, ['scripts/doctor/tensorflow.cjs']);
  refuseBindingWithoutGpu(found, asked);
  return found;
}

/** What PyTorch says. @throws SetupFailure unless it can use CUDA */
export function peerOnGpu(python) {
  const found = answerOf(python, ['-B', 'scripts/bench/peer_device.py']);
  refusePeerWithoutGpu(found, python);
  return found;
}

/**
 * A process's device memory in GB, of lines of `PID, MiB`. Null where it is not among them: nvidia-smi is missing, or
 * counts the processes of another namespace.
 *
 * @param {string | null} lines
 */
export function memoryOf(pid, lines) {
  const own = (lines ?? '')
    .split('\n')
    .map((line) => /^\s*(\d+)\s*,\s*(\d+)\s*$/.exec(line))
    .filter((found) => found !== null && Number(found[1]) === pid);
  if (own.length === 0) return null;
  return (own.reduce((sum, [, , mebibytes]) => sum + Number(mebibytes), 0) * 2 ** 20) / 1e9;
}

/** The same, asked now. */
export const deviceGbOf = (pid) =>
  memoryOf(
    pid,
    output('nvidia-smi', ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits']),
  );
