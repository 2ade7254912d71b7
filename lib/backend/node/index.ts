/**
 * Opens TensorFlow under Node: import it before anything that computes. It loads tfjs-node with its environment set, makes
 * jitted functions graphs (graph/), and registers the library's kernels (kernels/). Three variables of the environment are
 * read here, once:
 *
 * - `SDM_FUSED=off`: layers compute with plain ops, as after `useFusedOps(false)`
 * - `SDM_JIT=off`: functions run op by op, as after `runFunctionsEagerly(true)`
 * - `SDM_PROFILE=1` or a folder: graphs are profiled, as after `writeProfiles('profile')`
 */

import { registerCompiler, runFunctionsEagerly } from '../../jit/compiler';
import { BACKEND, nodeBackend } from './binding';
import { compiler } from './graph/compiler';
import { writeProfiles } from './graph/profile';
import { registerKernels } from './kernels';
import { useFusedOps } from './kernels/fused';

export {
  executeOp,
  nodeBackend,
  tfNode as tf,
  typeAttribute,
  type NodeBackend,
  type OpAttribute,
} from './binding';
export { Cluster, joinCluster, WorkerLostError, type ClusterMember } from './cluster';
export { deviceSummary, memoryUse, type DeviceSummary } from './device';
export type { TensorSpec } from './graph/dtypes';
export { declareOps, type OpCall, type ShapeFunction } from './graph/ops';
export { writeProfiles } from './graph/profile';
export { updateInPlace } from './graph/tracer';
export { hasFusedOps, useFusedOps } from './kernels/fused';

const { SDM_FUSED, SDM_JIT, SDM_PROFILE } = process.env;

nodeBackend(); // from now on a tensor that was disposed too early is named
registerCompiler(BACKEND, compiler);
registerKernels();
useFusedOps(SDM_FUSED !== 'off');
if (SDM_JIT === 'off') runFunctionsEagerly(true);
if (SDM_PROFILE !== undefined && SDM_PROFILE !== '' && SDM_PROFILE !== '0') {
  writeProfiles(SDM_PROFILE === '1' ? 'profile' : SDM_PROFILE);
}
