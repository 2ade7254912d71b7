/** The option `precision`: matrix products and convolutions in bfloat16, all else in float32. */

import type { Precision } from '../../../jit/trace';
import { DType, type TensorSpec } from './dtypes';
import { specOf, type Graph, type GraphNode, type OpNode, type Ref } from './graph';

const LOWERED = new Set([
  'MatMul',
  'BatchMatMul',
  'BatchMatMulV2',
  'Conv2D',
  'Conv2DBackpropInput',
  'Conv2DBackpropFilter',
]);

/** What is exchanged with other workers, in bfloat16 if it was asked for (see ../cluster). */
const goesAsBfloat16 = ({ op, attributes }: OpNode): boolean =>
  op === 'CollectiveReduce' && attributes['_wire']?.value === 'bfloat16';

/**
 * Adds a node. With `bfloat16`, the ops that dominate the time take and give bfloat16, between casts.
 *
 * @returns the node's outputs, in the dtypes of `node.outputs`
 */
export function addInPrecision(graph: Graph, precision: Precision, node: OpNode): Ref[] {
  const refs = (made: GraphNode): Ref[] =>
    node.outputs.map((_, output) => ({ node: made, output }));
  const isFloat = ({ dtype }: TensorSpec): boolean => dtype === DType.float32;
  const isLowered = LOWERED.has(node.op) ? precision === 'bfloat16' : goesAsBfloat16(node);
  if (!isLowered || !node.outputs.every(isFloat)) {
    return refs(graph.add(node));
  }
  const cast = (ref: Ref, dtype: number): Ref => {
    const spec = specOf(ref);
    const attributes = {
      SrcT: { kind: 'type', value: spec.dtype },
      DstT: { kind: 'type', value: dtype },
      Truncate: { kind: 'bool', value: false },
    } as const;
    const outputs = [{ shape: spec.shape, dtype }];
    const made = graph.add({ op: 'Cast', inputs: [ref], attributes, outputs, scope: node.scope });
    return { node: made, output: 0 };
  };
  const lowered = graph.add({
    ...node,
    inputs: node.inputs.map((ref) => (isFloat(specOf(ref)) ? cast(ref, DType.bfloat16) : ref)),
    attributes: { ...node.attributes, T: { kind: 'type', value: DType.bfloat16 } },
    outputs: node.outputs.map(({ shape }) => ({ shape, dtype: DType.bfloat16 })),
  });
  return refs(lowered).map((ref) => cast(ref, DType.float32));
}
