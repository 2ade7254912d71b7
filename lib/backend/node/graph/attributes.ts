/** Attributes and values as tfjs-node gives them, in the form of the graph. */

import { JitError } from '../../../jit/errors';
import { nodeBackend, type OpAttribute } from '../binding';
import type { Attributes, AttrValue } from './graph';
import type { OpCall } from './ops';

/** @throws JitError for an attribute of a kind that graphs of ours do not hold */
export function graphAttributes(
  call: Pick<OpCall, 'op' | 'inputs'>,
  attributes: readonly OpAttribute[],
): Attributes {
  const made = Object.fromEntries(
    attributes.map((attribute) => [attribute.name, attrValue(call.op, attribute)]),
  );
  // tfjs-node leaves these to TensorFlow, or gives the dtype from before a cast.
  const dtype = call.inputs[0]?.dtype;
  if ((call.op === 'ExpandDims' || call.op === 'Mean') && dtype !== undefined) {
    made['T'] = { kind: 'type', value: dtype };
  }
  return made;
}

function attrValue(op: string, { name, type, value }: OpAttribute): AttrValue {
  const { binding } = nodeBackend();
  if (Array.isArray(value)) {
    if (type === binding.TF_ATTR_INT) return { kind: 'ints', value: value.map(Number) };
    if (type === binding.TF_ATTR_FLOAT) return { kind: 'floats', value: value.map(Number) };
    if (type === binding.TF_ATTR_BOOL) return { kind: 'bools', value: value.map(Boolean) };
    if (type === binding.TF_ATTR_SHAPE) return { kind: 'shape', value: value.map(Number) };
  } else if (type === binding.TF_ATTR_STRING) {
    return { kind: 'string', value: String(value) };
  } else if (type === binding.TF_ATTR_BOOL) {
    return { kind: 'bool', value: Boolean(value) };
  } else if (type === binding.TF_ATTR_INT) {
    return { kind: 'int', value: Number(value) };
  } else if (type === binding.TF_ATTR_FLOAT) {
    return { kind: 'float', value: Number(value) };
  } else if (type === binding.TF_ATTR_TYPE) {
    return { kind: 'type', value: Number(value) };
  }
  throw new JitError(`${op}: attribute ${name} of type ${type} cannot be traced.`);
}
