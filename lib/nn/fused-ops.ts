/**
 * Ops of our own that do in one pass over memory what takes plain ops ten (native/fused/, built by
 * the set-up). Where they are not there, on a GPU, and if the environment has `SDM_FUSED=off`, layers
 * compute the same with plain ops.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { nodeBackend, type OpAttribute, type tf } from '../backend';
import { declareOps, updateInPlace, type OpCall, type TensorSpec } from '../jit';

const FILE = path.join(__dirname, '..', '..', '.setup', 'native', 'fused-ops.node');

let loaded: boolean | undefined;

function load(): boolean {
  if (nodeBackend().isUsingGpuDevice || !existsSync(FILE)) return false;
  try {
    createRequire(__filename)(FILE);
  } catch {
    return false; // of another TensorFlow; the set-up builds it anew
  }
  declareOps(SHAPES);
  return true;
}

/** Whether layers use the fused ops. */
export function hasFusedOps(): boolean {
  if (process.env['SDM_FUSED'] === 'off') return false;
  return (loaded ??= load());
}

/** The sizes of a head that the fused attention has been compiled for. */
export const FUSED_HEAD_SIZES: readonly number[] = [4, 8, 16, 32, 64];

type FusedOp =
  | 'SdmGroupNorm'
  | 'SdmGroupNormGrad'
  | 'SdmLayerNorm'
  | 'SdmLayerNormGrad'
  | 'SdmGeglu'
  | 'SdmGegluGrad'
  | 'SdmAttention'
  | 'SdmAttentionGrad'
  | 'SdmSelfAttention'
  | 'SdmSelfAttentionGrad'
  | 'SdmConv3x3'
  | 'SdmConv3x3FilterGrad';

/** Numbers that decide what an op computes, by the names that ops.cc declares. */
interface Options {
  readonly groups?: number;
  readonly heads?: number;
  readonly silu?: boolean;
  readonly transposed?: boolean;
  readonly epsilon?: number;
  readonly decay1?: number;
  readonly decay2?: number;
  readonly weight_decay?: number;
}

const WHOLE = new Set(['groups', 'heads']);

function attributesOf(options: Options): OpAttribute[] {
  const { TF_ATTR_BOOL, TF_ATTR_FLOAT, TF_ATTR_INT } = nodeBackend().binding;
  return (Object.entries(options) as [string, number | boolean][]).map(([name, value]) => {
    const number = WHOLE.has(name) ? TF_ATTR_INT : TF_ATTR_FLOAT;
    return { name, type: typeof value === 'boolean' ? TF_ATTR_BOOL : number, value };
  });
}

/** Runs a fused op. @returns its outputs; the caller disposes them */
export function fusedOp(
  op: FusedOp,
  options: Options,
  inputs: tf.Tensor[],
  outputs: number,
): tf.Tensor[] {
  return nodeBackend().executeMultipleOutputs(op, attributesOf(options), inputs, outputs);
}

/** Changes variables in place, if a function is traced. @returns false if nothing was done */
export function fusedUpdate(
  op: 'SdmAdamW',
  options: Options,
  variables: readonly tf.Variable[],
  inputs: readonly tf.Tensor[],
): boolean {
  return hasFusedOps() && updateInPlace(op, variables, inputs, attributesOf(options));
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
