/** Rewrites of single ops that change no result: what moves nothing is left out, what cancels is removed. */

import { DType, sizeOf, type TensorSpec } from './dtypes';
import { specOf, type Graph, type GraphNode, type OpNode, type Ref } from './graph';
import type { OpCall } from './ops';

type Rule = (
  graph: Graph,
  inputs: readonly Ref[],
  output: TensorSpec,
  call: OpCall,
) => Ref | undefined;

/** An equal value that needs no such op, if there is one. */
export function simplify(
  graph: Graph,
  inputs: readonly Ref[],
  outputs: readonly TensorSpec[],
  call: OpCall,
): Ref | undefined {
  const [output] = outputs;
  if (!output || outputs.length > 1) return undefined;
  return RULES[call.op]?.(graph, inputs, output, call);
}

/** A reshape of `x`, or of what `x` itself is a reshape of. */
export function reshape(graph: Graph, x: Ref, shape: readonly number[]): Ref {
  const source = x.node.op === 'Reshape' ? first(x.node.inputs) : x;
  const { shape: from, dtype } = specOf(source);
  if (sameShape(from, shape)) return source;
  const attributes = {
    T: { kind: 'type', value: dtype },
    Tshape: { kind: 'type', value: DType.int32 },
  } as const;
  const spec = { shape, dtype };
  const node = graph.add({
    op: 'Reshape',
    inputs: [source, ints(graph, shape)],
    attributes,
    outputs: [spec],
    scope: x.node.scope,
  });
  return { node, output: 0 };
}

export function ints(graph: Graph, values: readonly number[]): Ref {
  const data = Int32Array.from(values);
  return graph.constant(
    { shape: [values.length], dtype: DType.int32 },
    new Uint8Array(data.buffer),
  );
}

function first(refs: readonly Ref[]): Ref {
  const [ref] = refs;
  if (!ref) throw new Error('Expected a node with an input.');
  return ref;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** Ops that leave their first input as it is whenever its shape does not change. */
const onlyIfShapeChanges: Rule = (_graph, inputs, output) => {
  const input = first(inputs);
  return sameShape(specOf(input).shape, output.shape) ? input : undefined;
};

const toReshape: Rule = (graph, inputs, output) => reshape(graph, first(inputs), output.shape);

/** A reduction over axes of size 1 (or over none) only drops them. */
const reduction: Rule = (graph, inputs, output) =>
  sizeOf(output.shape) === sizeOf(specOf(first(inputs)).shape)
    ? reshape(graph, first(inputs), output.shape)
    : undefined;

/** Two transposes are one; one that only moves axes of size 1 is a reshape. */
const transpose: Rule = (graph, inputs, output, call) => {
  let source = first(inputs);
  let order = [...call.constant(1)];
  const inner =
    source.node.op === 'Transpose' ? constantInts(source.node.inputs[1]?.node) : undefined;
  if (inner) {
    source = first(source.node.inputs);
    order = order.map((axis) => inner[axis] ?? axis);
  }
  const { shape, dtype } = specOf(source);
  const moved = order.filter((axis) => shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? -1))) {
    return reshape(graph, source, output.shape);
  }
  if (!inner) return undefined;
  const attributes = {
    T: { kind: 'type', value: dtype },
    Tperm: { kind: 'type', value: DType.int32 },
  } as const;
  const scope = first(inputs).node.scope;
  const node = graph.add({
    op: 'Transpose',
    inputs: [source, ints(graph, order)],
    attributes,
    outputs: [output],
    scope,
  });
  return { node, output: 0 };
};

function constantInts(node: GraphNode | undefined): number[] | undefined {
  if (!node?.constant) return undefined;
  const { buffer, byteOffset, length } = node.constant.bytes;
  const size = sizeOf(node.outputs[0]?.shape ?? []);
  if (length !== size * 4) return undefined;
  return [...new Int32Array(buffer.slice(byteOffset, byteOffset + length))];
}

const cast: Rule = (_graph, inputs, output) =>
  specOf(first(inputs)).dtype === output.dtype ? first(inputs) : undefined;

/**
 * The op that TensorFlow has for a special case: MatMul for single matrices, BiasAdd for a vector that is added
 * along the last axis, BiasAddGrad for a sum over all other axes. They are up to four times as fast, and the first
 * two are fused with each other and with convolutions.
 */
export function specialize(node: OpNode): OpNode {
  const { op, attributes, inputs } = node;
  const [output] = node.outputs;
  const [a, b] = inputs.map((ref) => specOf(ref));
  if (!output || !a || !b) return node;
  const { adj_x, adj_y, ...kept } = attributes;
  const T = { kind: 'type', value: output.dtype } as const;
  if (op === 'BatchMatMulV2' && a.shape.length === 2 && b.shape.length === 2) {
    const no = { kind: 'bool', value: false } as const;
    const transposed = { transpose_a: adj_x ?? no, transpose_b: adj_y ?? no };
    return { ...node, op: 'MatMul', attributes: { ...kept, T, ...transposed } };
  }
  if ((op === 'Add' || op === 'AddV2') && output.dtype === DType.float32) {
    const isBias = b.shape.length === 1 && b.shape[0] === a.shape.at(-1) && a.shape.length > 1;
    if (isBias) return { ...node, op: 'BiasAdd', attributes: { ...kept, T } };
  }
  if (op === 'Sum' && output.dtype === DType.float32 && output.shape.length === 1) {
    const { keep_dims: _, Tidx: __, ...rest } = kept;
    const axes = new Set(constantInts(inputs[1]?.node));
    const allButLast =
      a.shape.length > 1 && a.shape.every((_size, i) => axes.has(i) === i < a.shape.length - 1);
    if (allButLast)
      return { ...node, op: 'BiasAddGrad', inputs: inputs.slice(0, 1), attributes: { ...rest, T } };
  }
  return node;
}

const RULES: Readonly<Record<string, Rule>> = {
  Identity: onlyIfShapeChanges,
  Reshape: toReshape,
  ExpandDims: toReshape,
  Squeeze: toReshape,
  Transpose: transpose,
  Cast: cast,
  Tile: onlyIfShapeChanges,
  BroadcastTo: onlyIfShapeChanges,
  Slice: onlyIfShapeChanges,
  Pad: onlyIfShapeChanges,
  PadV2: onlyIfShapeChanges,
  MirrorPad: onlyIfShapeChanges,
  Sum: reduction,
  Mean: reduction,
  Max: reduction,
  Min: reduction,
  Prod: reduction,
};
