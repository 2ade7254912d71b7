/**
 * The option `precision`: with `bfloat16`, what lies between the ops that gain by it is bfloat16. They read and give it, all
 * else is float32. What an op gives is cast to float32 for whoever reads it; the next op that reads bfloat16 takes it
 * from before that cast, which is then a node that nobody needs.
 */

import type { Precision } from '../../../jit/trace';
import { hasKernel, isFilter3x3 } from '../..';
import { bfloat16Support, hasProductTiles } from '../bfloat16';
import { nodeBackend } from '../binding';
import { DType, type TensorSpec } from './dtypes';
import { specOf, type AttrValue, type Graph, type GraphNode, type OpNode, type Ref } from './graph';
import { reshape } from './simplify';
import type { GraphOptions } from './traced';

/** Which inputs and outputs are bfloat16. */
interface Lowering {
  readonly reads: readonly number[];
  readonly gives: readonly number[];
}

const product: Lowering = { reads: [0, 1], gives: [0] };

/** Weights, means and the sums of gradients of the fused ops stay float32, and so does what a normalization reads. */
const LOWERED: Readonly<Record<string, Lowering>> = {
  MatMul: product,
  BatchMatMul: product,
  BatchMatMulV2: product,
  Conv2D: product,
  Conv2DBackpropInput: { reads: [1, 2], gives: [0] },
  Conv2DBackpropFilter: { reads: [0, 2], gives: [0] },
  SdmGroupNorm: { reads: [], gives: [0] },
  SdmGroupNormGrad: { reads: [0], gives: [] },
  SdmLayerNorm: { reads: [], gives: [0] },
  SdmLayerNormGrad: { reads: [0], gives: [] },
  SdmGeglu: { reads: [0], gives: [0] },
  SdmGegluGrad: product,
  SdmAttention: { reads: [0, 1, 2], gives: [0] },
  SdmAttentionGrad: { reads: [0, 1, 2, 3, 5], gives: [0, 1, 2] },
  SdmSelfAttention: { reads: [0], gives: [0] },
  SdmSelfAttentionGrad: { reads: [0, 1, 3], gives: [0] },
};

/** What is exchanged with other workers, in bfloat16 if it was asked for (see ../cluster). */
const EXCHANGED: Lowering = { reads: [0], gives: [0] };

function loweringOf({ op, attributes, outputs }: OpNode, precision: Precision) {
  if (op === 'CollectiveReduce' && attributes['_wire']?.value === 'bfloat16') return EXCHANGED;
  const isFloat = outputs.every(({ dtype }) => dtype === DType.float32);
  return precision === 'bfloat16' && isFloat && Object.hasOwn(LOWERED, op)
    ? LOWERED[op]
    : undefined;
}

/**
 * Adds a node, in bfloat16 if it is one that gains by it.
 *
 * @returns the node's outputs, in the dtypes of `node.outputs`
 */
export function addInPrecision(
  graph: Graph,
  { precision, xla }: GraphOptions,
  node: OpNode,
): Ref[] {
  const refs = (made: GraphNode): Ref[] =>
    node.outputs.map((_, output) => ({ node: made, output }));
  const special =
    precision === 'bfloat16' && !xla
      ? (withBias(graph, node) ?? filterGradient(graph, node))
      : undefined;
  if (special) return [cast(graph, special, DType.float32, node.scope)];
  const lowering = loweringOf(node, precision);
  if (!lowering) return refs(graph.add(node));
  const { reads, gives } = lowering;
  const inputs = node.inputs.map((ref, i) =>
    reads.includes(i) ? asBfloat16(graph, ref, node.scope) : ref,
  );
  const lowered = graph.add({
    ...node,
    inputs,
    attributes: { ...node.attributes, T: { kind: 'type', value: DType.bfloat16 } },
    outputs: node.outputs.map((spec, i) =>
      gives.includes(i) ? { ...spec, dtype: DType.bfloat16 } : spec,
    ),
  });
  return refs(lowered).map((ref) => cast(graph, ref, DType.float32, node.scope));
}

/** A bias that is added to a product: by the product itself, which rounds the sum once. oneDNN has that. */
function withBias(graph: Graph, { op, inputs, outputs, scope }: OpNode): Ref | undefined {
  const [sum, bias] = inputs;
  if (op !== 'BiasAdd' || !sum || !bias || !isWidened(sum)) return undefined;
  const product = sum.node.inputs[0]!.node;
  if (product.op !== 'MatMul' || !bfloat16Support().isThere) return undefined;
  if (nodeBackend().isUsingGpuDevice) return undefined;
  const node = graph.add({
    op: '_FusedMatMul',
    inputs: [...product.inputs, asBfloat16(graph, bias, scope)],
    attributes: {
      ...product.attributes,
      num_args: { kind: 'int', value: 1 },
      fused_ops: { kind: 'strings', value: ['BiasAdd'] },
    },
    outputs: outputs.map(({ shape }) => ({ shape, dtype: DType.bfloat16 })),
    scope,
  });
  return { node, output: 0 };
}

const FILTER_GRADIENT = 'SdmConv3x3FilterGrad';

/**
 * The gradient of a filter of 3 × 3 by the op of our own, which takes less time than oneDNN's in bfloat16 and gives its sums in
 * float32. Where there are tiles of products (AMX) it stays oneDNN's.
 */
function filterGradient(graph: Graph, node: OpNode): Ref | undefined {
  const [x, , dy] = node.inputs;
  if (node.op !== 'Conv2DBackpropFilter' || !x || !dy || !isPlain3x3(node)) return undefined;
  if (!hasKernel(FILTER_GRADIENT) || hasProductTiles()) return undefined;
  const { outputs, scope } = node;
  const biases = { shape: [outputs[0]!.shape[3]!], dtype: DType.float32 };
  const made = graph.add({
    op: FILTER_GRADIENT,
    inputs: [asBfloat16(graph, x, scope), asBfloat16(graph, dy, scope)],
    attributes: { T: { kind: 'type', value: DType.bfloat16 } },
    outputs: [...outputs, biases],
    scope,
  });
  return { node: made, output: 0 };
}

/** Whether it is a convolution of stride 1 that keeps height and width, of as many channels as the op takes. */
function isPlain3x3({ attributes: { strides, dilations, padding }, outputs }: OpNode): boolean {
  const isOne = (all: AttrValue | undefined) =>
    all === undefined || (all.kind === 'ints' && all.value.every((n) => n === 1));
  const isPlain = isOne(strides) && isOne(dilations) && padding?.value === 'SAME';
  return isPlain && isFilter3x3(outputs[0]!.shape);
}

/** The value in bfloat16: as it was before it was widened, else rounded. */
function asBfloat16(graph: Graph, ref: Ref, scope: string): Ref {
  const { op, inputs } = ref.node;
  const [source] = inputs;
  if (source && op === 'Cast' && specOf(source).dtype === DType.bfloat16) return source;
  // A variable is rounded as it is, so that a session can keep it so.
  if (source && op === 'Reshape' && (isWidened(source) || source.node.variable !== undefined)) {
    return reshape(graph, asBfloat16(graph, source, scope), specOf(ref).shape);
  }
  return cast(graph, ref, DType.bfloat16, scope);
}

const isWidened = ({ node: { op, inputs } }: Ref): boolean =>
  op === 'Cast' && inputs[0] !== undefined && specOf(inputs[0]).dtype === DType.bfloat16;

function cast(graph: Graph, ref: Ref, dtype: number, scope: string): Ref {
  const spec: TensorSpec = specOf(ref);
  if (spec.dtype === dtype) return ref;
  const attributes = {
    SrcT: { kind: 'type', value: spec.dtype },
    DstT: { kind: 'type', value: dtype },
    Truncate: { kind: 'bool', value: false },
  } as const;
  const outputs = [{ shape: spec.shape, dtype }];
  return { node: graph.add({ op: 'Cast', inputs: [ref], attributes, outputs, scope }), output: 0 };
}
