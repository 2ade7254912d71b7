/** What a session is told when it is made: TensorFlow's ConfigProto. */

import { JitError } from '../../../jit/errors';
import type { JitSessionOptions } from '../../../jit/session';
import { nodeBackend } from '../binding';
import { serverSession, type ServerSession } from '../cluster/server';
import { setSessionConfig } from '../tensorflow-env';
import { ProtobufWriter } from './protobuf';

// Fields of ConfigProto (tensorflow/core/protobuf/config.proto), GraphOptions, OptimizerOptions and RewriterConfig.
const INTRA_OP_PARALLELISM_THREADS = 2;
const GRAPH_OPTIONS = 10;
const OPTIMIZER_OPTIONS = 3;
const OPT_LEVEL = 3;
const REWRITE_OPTIONS = 10;
const DISABLE_META_OPTIMIZER = 19;

/** `OptimizerOptions.L0`: equal nodes and constant parts of a graph are not looked for once more. */
const L0 = -1;

/** The ConfigProto of these options; of no bytes where TensorFlow's own choices are right. */
export function sessionConfig(
  options: JitSessionOptions,
  isUsingGpuDevice: boolean,
  server?: ServerSession,
): Uint8Array {
  const { intraOpParallelismThreads, metaOptimizer = isUsingGpuDevice } = options;
  const config = new ProtobufWriter();
  if (intraOpParallelismThreads !== undefined && !isUsingGpuDevice) {
    config.int(INTRA_OP_PARALLELISM_THREADS, intraOpParallelismThreads);
  }
  if (!metaOptimizer) {
    config.message(GRAPH_OPTIONS, (graph) =>
      graph
        .message(OPTIMIZER_OPTIONS, (optimizer) => optimizer.int(OPT_LEVEL, L0))
        .message(REWRITE_OPTIONS, (rewrite) => rewrite.int(DISABLE_META_OPTIMIZER, 1)),
    );
  }
  server?.configure(config);
  return config.finish();
}

/**
 * Calls a function; the session that it makes has these options.
 *
 * @param isShared whether its graphs compute with those of other workers: it then runs on this one's server
 * @throws JitError if it should and cannot
 */
export function withSessionOptions<T>(
  options: JitSessionOptions,
  isShared: boolean,
  makeSession: () => T,
): T {
  const server = isShared ? serverSession() : undefined;
  if (isShared && !(server && setSessionConfig)) {
    throw new JitError(
      'A graph with collectives needs joinCluster() and the addon of native/session-config.cc.',
    );
  }
  if (!setSessionConfig) return makeSession();
  setSessionConfig(sessionConfig(options, nodeBackend().isUsingGpuDevice, server), server?.target);
  try {
    return makeSession();
  } finally {
    setSessionConfig(new Uint8Array());
  }
}
