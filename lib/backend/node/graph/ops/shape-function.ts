/** What a shape function sees of an op, and helpers that many of them use. */

import type { TensorSpec } from '../dtypes';
import { JitError } from '../../../../jit/errors';

/** One call of an op while tracing. */
export interface OpCall {
  readonly op: string;
  readonly inputs: readonly TensorSpec[];
  /** The attribute's value, or undefined if the call does not set it. */
  attribute(name: string): unknown;
  /** The values of an input that must be known while tracing, such as axes. */
  constant(input: number): readonly number[];
}

/**
 * Says shape and dtype of each output of an op without running it.
 *
 * @throws JitError if the inputs do not fit, in the same cases as TensorFlow
 */
export type ShapeFunction = (call: OpCall) => TensorSpec[];

export type ShapeTable = Readonly<Record<string, ShapeFunction>>;

export function input(call: OpCall, index: number): TensorSpec {
  const spec = call.inputs[index];
  if (!spec) throw new JitError(`${call.op}: expected an input ${index}.`);
  return spec;
}

export function intAttribute(call: OpCall, name: string, otherwise: number): number {
  const value = call.attribute(name);
  return typeof value === 'number' ? value : otherwise;
}

export function intsAttribute(call: OpCall, name: string): number[] {
  const value = call.attribute(name);
  if (!Array.isArray(value))
    throw new JitError(`${call.op}: expected a list as attribute ${name}.`);
  return value.map(Number);
}

export function boolAttribute(call: OpCall, name: string): boolean {
  return call.attribute(name) === true;
}

/** The dimension at `axis`, which may be negative. */
export function dimension(call: OpCall, spec: TensorSpec, axis: number): number {
  const size = spec.shape.at(axis);
  if (size === undefined) {
    throw new JitError(
      `${call.op}: expected a tensor with an axis ${axis}, got shape [${spec.shape.join()}].`,
    );
  }
  return size;
}

/** A non-negative axis. */
export function positiveAxis(call: OpCall, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) {
    throw new JitError(`${call.op}: expected an axis of a tensor of rank ${rank}, got ${axis}.`);
  }
  return positive;
}

/** The shape with the size of one axis replaced. */
export function withSize(shape: readonly number[], axis: number, size: number): number[] {
  const result = [...shape];
  result[axis] = size;
  return result;
}

/** The common shape of two operands, by TensorFlow's and numpy's rule. */
export function broadcast(call: OpCall, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new JitError(
        `${call.op}: shapes [${a.join()}] and [${b.join()}] do not broadcast against each other.`,
      );
    }
    return x === 1 ? y : x;
  });
}

/** One output of the first input's shape and dtype. */
export const sameAsFirst: ShapeFunction = (call) => [input(call, 0)];

/** One output of the shape and dtype of the given input. */
export function sameAs(index: number): ShapeFunction {
  return (call) => [input(call, index)];
}

/** One output whose shape is the value of the given input, with the dtype of another. */
export function shapeFrom(shapeInput: number, dtypeInput: number): ShapeFunction {
  return (call) => [{ shape: call.constant(shapeInput), dtype: input(call, dtypeInput).dtype }];
}
