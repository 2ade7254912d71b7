/** What a session is told when it is made: TensorFlow's ConfigProto. */

import { nodeBackend, setSessionConfig } from '../backend';
import { JitError } from './errors';
import { ProtobufWriter } from './protobuf';

/**
 * Both are without effect where sessions cannot have a config of their own: if the set-up has not built
 * native/session-config.cc.
 */
export interface JitSessionOptions {
  /**
   * How many threads one op may use; as in TensorFlow's ConfigProto. Default: TensorFlow's own, one per core.
   * Without effect on a GPU.
   */
  readonly intraOpParallelismThreads?: number | undefined;
  /**
   * Whether TensorFlow's Grappler rewrites the graph before its first run. Default: on a GPU only. On a CPU it
   * takes three times as long as the rest of that first run, and gains a hundredth of a step at most, since graphs are
   * simplified here and use fused ops (docs/jit.md).
   */
  readonly metaOptimizer?: boolean | undefined;
}

// Fields of ConfigProto (tensorflow/core/protobuf/config.proto), GraphOptions and RewriterConfig.
const INTRA_OP_PARALLELISM_THREADS = 2;
const GRAPH_OPTIONS = 10;
const REWRITE_OPTIONS = 10;
const DISABLE_META_OPTIMIZER = 19;

/** @throws JitError if the number of threads is neither undefined nor a whole number above 0 */
export function checkSessionOptions(options: JitSessionOptions): void {
  const { intraOpParallelismThreads: threads } = options;
  if (threads === undefined || (Number.isInteger(threads) && threads > 0)) return;
  throw new JitError(
    `Expected intraOpParallelismThreads to be a whole number above 0, got ${threads}.`,
  );
}

/** The ConfigProto of these options; of no bytes where TensorFlow's own choices are right. */
export function sessionConfig(options: JitSessionOptions, isUsingGpuDevice: boolean): Uint8Array {
  const { intraOpParallelismThreads, metaOptimizer = isUsingGpuDevice } = options;
  const config = new ProtobufWriter();
  if (intraOpParallelismThreads !== undefined && !isUsingGpuDevice) {
    config.int(INTRA_OP_PARALLELISM_THREADS, intraOpParallelismThreads);
  }
  if (!metaOptimizer) {
    config.message(GRAPH_OPTIONS, (graph) =>
      graph.message(REWRITE_OPTIONS, (rewrite) => rewrite.int(DISABLE_META_OPTIMIZER, 1)),
    );
  }
  return config.finish();
}

/** Calls a function; the session that it makes has these options. */
export function withSessionOptions<T>(options: JitSessionOptions, makeSession: () => T): T {
  if (!setSessionConfig) return makeSession();
  setSessionConfig(sessionConfig(options, nodeBackend().isUsingGpuDevice));
  try {
    return makeSession();
  } finally {
    setSessionConfig(new Uint8Array());
  }
}
