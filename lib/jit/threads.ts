/**
 * Threads of a session's own, and work that two of them do side by side.
 *
 * TensorFlow cuts each op into pieces for its threads, and then waits for the slowest. A graph of two independent
 * halves, each op of which has half of the threads, waits less: on two cores the training step of a small UNet
 * takes 11 % less time (docs/performance.md).
 */

import { availableParallelism } from 'node:os';
import { isTracing, nodeBackend, setSessionConfig } from '../backend';
import { JitError } from './errors';
import { ProtobufWriter } from './protobuf';

export interface JitSessionOptions {
  /**
   * How many threads one op may use; as in TensorFlow's ConfigProto. Default: TensorFlow's own, one per core.
   * Without effect where sessions cannot have threads of their own: on a GPU, and if the set-up has not
   * built scripts/native/session-config.cc.
   */
  readonly intraOpParallelismThreads?: number | undefined;
}

/** The field of ConfigProto (tensorflow/core/protobuf/config.proto). */
const INTRA_OP_PARALLELISM_THREADS = 2;

/** @throws JitError if it is neither undefined nor a whole number above 0 */
export function checkThreads(threads: number | undefined): void {
  if (threads === undefined || (Number.isInteger(threads) && threads > 0)) return;
  throw new JitError(
    `Expected intraOpParallelismThreads to be a whole number above 0, got ${threads}.`,
  );
}

/** Calls a function; the session that it makes has so many threads for an op. */
export function withThreads<T>(threads: number | undefined, makeSession: () => T): T {
  if (threads === undefined || !setSessionConfig || !hasOwnThreads()) return makeSession();
  setSessionConfig(new ProtobufWriter().int(INTRA_OP_PARALLELISM_THREADS, threads).finish());
  try {
    return makeSession();
  } finally {
    setSessionConfig(new Uint8Array());
  }
}

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
