/**
 * Ops of our own that read and write memory once where plain ops do so ten times (native/fused, built by the set-up),
 * as kernels of tfjs-node. Where they have not been built, on a GPU, and after `useFusedOps(false)` there are no
 * such kernels, so that layers compute the same with plain ops.
 */

import { tf, type KernelAttributes } from '../..';
import { BACKEND, nodeBackend, type OpAttribute } from '../binding';
import type { TensorSpec } from '../graph/dtypes';
import { declareOps, type OpCall } from '../graph/ops';
import { addon } from '../tensorflow-env';
import { register, type NodeKernel } from './node-kernel';

const WHOLE = new Set(['groups', 'heads', 'N', 'handles', 'tile']);

/** As the ops of native/fused/ops.cc declare them: all attributes are flags, floats, or one of these. */
export function fusedAttributes(attributes: KernelAttributes): OpAttribute[] {
  const { TF_ATTR_BOOL, TF_ATTR_FLOAT, TF_ATTR_INT } = nodeBackend().binding;
  return Object.entries(attributes).map(([name, value]) => {
    const number = WHOLE.has(name) ? TF_ATTR_INT : TF_ATTR_FLOAT;
    return { name, type: typeof value === 'boolean' ? TF_ATTR_BOOL : number, value };
  });
}

const shapeOf = ({ inputs }: OpCall, i: number) => (inputs[i] as TensorSpec).shape;
const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

/** The shapes of an op's outputs, all float32 as its inputs. */
const floats =
  (shapes: (call: OpCall) => (readonly number[])[]) =>
  (call: OpCall): TensorSpec[] =>
    shapes(call).map((shape) => ({ shape, dtype: (call.inputs[0] as TensorSpec).dtype }));

/** As the gradient's inputs from `first` on. */
const likeInputs = (...indices: number[]) => floats((call) => indices.map((i) => shapeOf(call, i)));

const SHAPES = {
  SdmGroupNorm: floats((call) => {
    const x = shapeOf(call, 0);
    const perGroup = [x[0]!, call.attribute('groups') as number];
    return [x, perGroup, perGroup];
  }),
  SdmGroupNormGrad: likeInputs(1, 2, 2),
  SdmLayerNorm: floats((call) => {
    const x = shapeOf(call, 0);
    const rows = [size(x.slice(0, -1))];
    return [x, rows, rows];
  }),
  SdmLayerNormGrad: likeInputs(1, 2, 2),
  SdmGeglu: floats((call) => {
    const x = shapeOf(call, 0);
    return [[...x.slice(0, -1), x.at(-1)! / 2]];
  }),
  SdmGegluGrad: likeInputs(1),
  SdmAttention: floats((call) => {
    const q = shapeOf(call, 0);
    return [q, [q[0]!, call.attribute('heads') as number, q[1]!]];
  }),
  SdmAttentionGrad: likeInputs(1, 2, 3),
  SdmSelfAttention: floats((call) => {
    const [B, L, width] = shapeOf(call, 0) as [number, number, number];
    return [
      [B, L, width / 3],
      [B, call.attribute('heads') as number, L],
    ];
  }),
  SdmSelfAttentionGrad: likeInputs(1),
  SdmConv3x3: floats((call) => {
    const filter = shapeOf(call, 1);
    return [[...shapeOf(call, 0).slice(0, 3), filter[call.attribute('transposed') ? 2 : 3]!]];
  }),
  SdmConv3x3FilterGrad: floats((call) => {
    const [inputs, outputs] = [shapeOf(call, 0)[3]!, shapeOf(call, 1)[3]!];
    return [[3, 3, inputs, outputs], [outputs]];
  }),
};

/** How many outputs each op has, as their shape functions say. */
const OUTPUTS: Readonly<Record<keyof typeof SHAPES, number>> = {
  SdmGroupNorm: 3,
  SdmGroupNormGrad: 3,
  SdmLayerNorm: 3,
  SdmLayerNormGrad: 3,
  SdmGeglu: 1,
  SdmGegluGrad: 1,
  SdmAttention: 2,
  SdmAttentionGrad: 3,
  SdmSelfAttention: 2,
  SdmSelfAttentionGrad: 1,
  SdmConv3x3: 1,
  SdmConv3x3FilterGrad: 2,
};

/** undefined until it was tried. */
let isLoaded: boolean | undefined;
let inUse = false;

function load(): boolean {
  if (nodeBackend().isUsingGpuDevice || addon('fused-ops') === undefined) return false;
  declareOps(SHAPES);
  return true;
}

/** Whether layers use the fused ops. */
export function hasFusedOps(): boolean {
  return inUse;
}

/**
 * Whether layers are to use the fused ops from now on, where they have been built; graphs that were made before stay as
 * they are. They are used unless the environment has `SDM_FUSED=off`.
 */
export function useFusedOps(use: boolean): void {
  const wanted = use && (isLoaded ??= load());
  if (wanted === inUse) return;
  inUse = wanted;
  for (const [op, outputs] of Object.entries(OUTPUTS)) {
    if (wanted) register(op, fusedKernel(op, outputs));
    else tf.unregisterKernel(op, BACKEND);
  }
}

function fusedKernel(op: string, outputs: number): NodeKernel {
  return ({ inputs, attrs, backend }) => {
    const attributes = fusedAttributes(attrs as KernelAttributes);
    return backend.executeMultipleOutputs(op, attributes, Object.values(inputs), outputs);
  };
}
