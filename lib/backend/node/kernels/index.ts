/** The library's kernels for tfjs-node, by the names under which lib/nn/kernels and lib/random ask for them. */

import { adamW } from './adamw';
import { gatherRows } from './gather-rows';
import { l2Loss } from './l2-loss';
import { linear } from './linear';
import { register, type NodeKernel } from './node-kernel';
import { statelessRandom } from './random';

const KERNELS: Readonly<Record<string, NodeKernel>> = {
  AdamW: adamW,
  GatherRows: gatherRows,
  L2Loss: l2Loss,
  SdmLinear: linear,
  ...statelessRandom,
};

/** Those that TensorFlow has the ops for; the fused ones come and go by `useFusedOps`. */
export function registerKernels(): void {
  for (const [name, kernel] of Object.entries(KERNELS)) register(name, kernel);
}
