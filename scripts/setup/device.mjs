// For which device TensorFlow is installed.
import fs from 'node:fs';
import { SetupFailure } from './failure.mjs';

// Looked for without running nvidia-smi, which takes a second on some machines.
const signsOfGpu = [
  ['/proc/driver/nvidia/version'],
  ['/dev/nvidia0'],
  ['/dev/dxg', '/usr/lib/wsl/lib/nvidia-smi'], // Windows' GPU as seen from WSL 2
];

/** Whether a driver of NVIDIA, or its GPU, is seen. */
export const seesGpu = (exists = fs.existsSync) =>
  signsOfGpu.some((files) => files.every((file) => exists(file)));

/**
 * `gpu` where an NVIDIA GPU is seen, else `cpu`; `SDM_DEVICE` overrides.
 *
 * @returns {'cpu' | 'gpu'}
 */
export function chooseDevice(env = process.env, exists = fs.existsSync) {
  const wanted = env.SDM_DEVICE;
  if (wanted === 'cpu' || wanted === 'gpu') return wanted;
  if (wanted) {
    throw new SetupFailure(
      `SDM_DEVICE is '${wanted}'; 'cpu' and 'gpu' are known.`,
      'Set it to one of them, or unset it to use a GPU where there is one.',
    );
  }
  return seesGpu(exists) ? 'gpu' : 'cpu';
}
