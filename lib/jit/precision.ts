/** The option `precision`: matrix products and convolutions in bfloat16, all else in float32. */

import { DType, type TensorSpec } from './dtypes';
import { specOf, type Attributes, type Graph, type Ref } from './graph';

export type Precision = 'float32' | 'bfloat16';

const LOWERED = new Set([
  'MatMul',
  'BatchMatMul',
  'BatchMatMulV2',
  'Conv2D',
  'Conv2DBackpropInput',
  'Conv2DBackpropFilter',
]);

/**
 * Adds a node. With `bfloat16`, the ops that dominate the time take and give bfloat16, between casts.
 *
 * @returns the node's outputs, in the dtypes of `outputs`
 */
export function addInPrecision(
  graph: Graph,
  precision: Precision,
  op: string,
  inputs: readonly Ref[],
  attributes: Attributes,
  outputs: readonly TensorSpec[],
  scope: string,
): Ref[] {
  const lower =
    precision === 'bfloat16' &&
    LOWERED.has(op) &&
    outputs.every(({ dtype }) => dtype === DType.float32);
  const cast = (ref: Ref, dtype: number): Ref => {
    const spec = specOf(ref);
    const attributes = {
      SrcT: { kind: 'type', value: spec.dtype },
      DstT: { kind: 'type', value: dtype },
      Truncate: { kind: 'bool', value: false },
    } as const;
    const node = graph.add('Cast', [ref], attributes, [{ shape: spec.shape, dtype }], scope);
    return { node, output: 0 };
  };
  const node = graph.add(
    op,
    lower
      ? inputs.map((ref) => (specOf(ref).dtype === DType.float32 ? cast(ref, DType.bfloat16) : ref))
      : inputs,
    lower ? { ...attributes, T: { kind: 'type', value: DType.bfloat16 } } : attributes,
    lower ? outputs.map(({ shape }) => ({ shape, dtype: DType.bfloat16 })) : outputs,
    scope,
  );
  const refs = outputs.map((_, output) => ({ node, output }));
  return lower ? refs.map((ref) => cast(ref, DType.float32)) : refs;
}
