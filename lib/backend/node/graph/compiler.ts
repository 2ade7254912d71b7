/** Makes TensorFlow graphs of jitted functions: traces, puts the graph into a session, runs it. */

import type { Compiled, Compiler, CompileRequest, XlaSupport } from '../../../jit/compiler';
import type { JitSession } from '../../../jit/session';
import { buildTree } from '../../../jit/tree';
import { bfloat16Support } from '../bfloat16';
import { hasFusedOps } from '../kernels/fused';
import { fromTfjs } from './dtypes';
import { peakBytes } from './memory';
import { profileGraph, profileIfWanted } from './profile';
import { GraphSession } from './session';
import { trace } from './tracer';

const sessions = new WeakMap<JitSession, GraphSession>();

function graphsOf(session: JitSession): GraphSession {
  let graphs = sessions.get(session);
  if (!graphs) sessions.set(session, (graphs = new GraphSession(session.options)));
  return graphs;
}

function compile({ name, args, run, precision, xla, session, layerOf }: CompileRequest): Compiled {
  const inputs = args.tensors.map(({ shape, dtype }) => ({ shape, dtype: fromTfjs(dtype) }));
  const traced = trace(name, inputs, run, { precision, xla });
  const graphs = graphsOf(session);
  const program = graphs.add(name, traced);
  let hasRun = false;
  return {
    run: (tensors) => {
      const outputs = graphs.run(program, tensors);
      if (!hasRun) profileIfWanted(name, traced, tensors, layerOf);
      hasRun = true;
      return buildTree(traced.structure, outputs);
    },
    profile: (tensors, nameOf) => profileGraph(traced, tensors, nameOf),
    peakBytes: () => peakBytes(traced),
    pull: () => graphs.pull(),
    push: () => graphs.push(program),
    remove: () => graphs.remove(program),
  };
}

/** Ops of our own end a cluster of XLA's: between them little would be left of it. */
function xlaSupport(): XlaSupport {
  if (!hasFusedOps()) return { isThere: true };
  const why =
    "layers use the library's fused ops for CPUs, which XLA cannot compile (SDM_FUSED=off leaves them out)";
  return { isThere: false, why };
}

export const compiler: Compiler = {
  compile,
  bfloat16: () => bfloat16Support(),
  xla: () => xlaSupport(),
};
