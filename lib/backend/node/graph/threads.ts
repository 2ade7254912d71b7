/** The threads of a session whose graphs compute halves of a batch side by side (see lib/jit/halves.ts). */

import { availableParallelism } from 'node:os';
import { nodeBackend } from '../binding';
import { setSessionConfig } from '../tensorflow-env';

/** Whether sessions can have threads of their own. */
function hasOwnThreads(): boolean {
  return setSessionConfig !== undefined && !nodeBackend().isUsingGpuDevice;
}

/**
 * How many threads each op of such a session may use.
 *
 * @returns half of the cores; undefined (TensorFlow's own choice) if there is one only, or if sessions cannot have
 *   threads of their own
 */
export function threadsOfHalf(): number | undefined {
  const cores = availableParallelism();
  return hasOwnThreads() && cores > 1 ? Math.floor(cores / 2) : undefined;
}
