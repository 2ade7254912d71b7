/** A session, as those who jit functions see it; the compiler has the graphs and variables (lib/backend/node/graph). */

import { JitError } from './errors';

/**
 * Both are without effect where sessions cannot have a config of their own: if the set-up has not built
 * native/session-config.cc, and on backends that have no graphs.
 */
export interface JitSessionOptions {
  /**
   * How many threads one op may use; as in TensorFlow's ConfigProto. Default: TensorFlow's own, one per core, or
   * half of the cores if a graph of the session computes halves of a batch (`inHalves`). Without effect on a GPU.
   */
  readonly intraOpParallelismThreads?: number | undefined;
  /**
   * Whether TensorFlow's Grappler rewrites the graph before its first run. Default: on a GPU only, and not for a graph that
   * XLA compiles. On a CPU it
   * takes three times as long as the rest of that first run, and gains a hundredth of a step at most, since graphs are
   * simplified here and use fused ops (docs/jit.md).
   */
  readonly metaOptimizer?: boolean | undefined;
}

/** @throws JitError if the number of threads is neither undefined nor a whole number above 0 */
export function checkSessionOptions(options: JitSessionOptions): void {
  const { intraOpParallelismThreads: threads } = options;
  if (threads === undefined || (Number.isInteger(threads) && threads > 0)) return;
  throw new JitError(
    `Expected intraOpParallelismThreads to be a whole number above 0, got ${threads}.`,
  );
}

/**
 * A TensorFlow session. Functions that share one (option `session`) share its variables in place: none moves
 * when one runs after another. Each further graph makes the session load again, which takes about as
 * long as the first load of all its graphs.
 */
export class JitSession {
  /** @throws JitError if the number of threads is no whole number above 0 */
  constructor(readonly options: JitSessionOptions = {}) {
    checkSessionOptions(options);
  }
}
