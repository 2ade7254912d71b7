/**
 * Work that two threads do side by side.
 *
 * TensorFlow cuts each op into pieces for its threads, and then waits for the slowest. A graph of two independent
 * halves, each op of which has half of the threads, waits less: on two cores the training step of a small UNet
 * takes 11 % less time (docs/performance.md).
 */

import { availableParallelism } from 'node:os';
import { isTracing, nodeBackend, setSessionConfig } from '../backend';

/** Whether sessions can have threads of their own. */
function hasOwnThreads(): boolean {
  return setSessionConfig !== undefined && !nodeBackend().isUsingGpuDevice;
}

/**
 * For the session of a graph that computes halves side by side.
 *
 * @returns half of the cores; undefined (TensorFlow's own choice) if there is one only, or if sessions cannot have
 *   threads of their own
 */
export function threadsOfHalf(): number | undefined {
  const cores = availableParallelism();
  return hasOwnThreads() && cores > 1 ? Math.floor(cores / 2) : undefined;
}

/**
 * Into what parts a traced function is best to cut a batch, so that they are computed side by side; in a session with
 * `threadsOfHalf()`.
 *
 * @param size of the batch
 * @returns the sizes of two halves; of one part where halves gain nothing, so wherever nothing is traced
 */
export function partSizes(size: number): number[] {
  const isHalved = isTracing() && size > 1 && threadsOfHalf() !== undefined;
  const half = Math.ceil(size / 2);
  return isHalved ? [half, size - half] : [size];
}
