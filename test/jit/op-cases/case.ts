/** What a case is, and the numbers and attributes that cases are made of. */

import { tf } from '../../../lib/backend';
import { executeOp, nodeBackend, typeAttribute, type OpAttribute } from '../../../lib/backend/node';

export interface OpCase {
  readonly name: string;
  readonly inputs: readonly tf.Tensor[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Whether to take the gradient of the sum of the (first) result too. Default: if all inputs are floats. */
  readonly gradient?: boolean;
}

/** Numbers without a pattern, the same in each run: in (-1, 1), never close to 0 or ±1. */
export function numbers(...shape: number[]): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const value = (i: number): number => {
    const fraction = ((i + 1) * 0.6180339887) % 1;
    return (0.05 + 0.9 * fraction) * (((i * 7) % 3) - 1 > 0 ? -1 : 1);
  };
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => value(i)),
    shape,
  );
}

export const positive = (...shape: number[]): tf.Tensor => tf.abs(numbers(...shape));
export const int = (values: number[], shape: number[] = [values.length]): tf.Tensor =>
  tf.tensor(values, shape, 'int32');
export const bools = (...values: number[]): tf.Tensor => tf.tensor(values, [values.length], 'bool');

export const attribute = {
  int: (name: string, value: number | number[]): OpAttribute => ({
    name,
    type: nodeBackend().binding.TF_ATTR_INT,
    value,
  }),
  text: (name: string, value: string): OpAttribute => ({
    name,
    type: nodeBackend().binding.TF_ATTR_STRING,
    value,
  }),
  bool: (name: string, value: boolean): OpAttribute => ({
    name,
    type: nodeBackend().binding.TF_ATTR_BOOL,
    value,
  }),
};
export const T = (): OpAttribute => typeAttribute('T', 'float32');

/** A case before it has its name. */
export type Case = Omit<OpCase, 'name'>;
export const unary = (run: (x: tf.Tensor) => tf.Tensor, x = numbers(2, 3)): Case => ({
  inputs: [x],
  run,
});
/** An op by itself. Inputs of int32 are constants of the program: most of them decide shapes. */
export const raw = (op: string, attributes: OpAttribute[], ...inputs: tf.Tensor[]): Case => ({
  inputs: inputs.filter(({ dtype }) => dtype !== 'int32'),
  run: (...args) => {
    const varying = [...args];
    const all = inputs.map((x) => (x.dtype === 'int32' ? x : (varying.shift() as tf.Tensor)));
    return executeOp(op, attributes, all);
  },
  gradient: false,
});
