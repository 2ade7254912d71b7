/**
 * tfjs as every room of the library sees it, whatever computes: `tf`, its engine, and kernels by name. Nothing here
 * needs Node. Whoever runs a program opens a backend first: `lib/backend/node` is TensorFlow under Node; in a page it
 * is one of tfjs's own.
 *
 * tfjs keeps gradients and chained ops (`x.add(y)`) apart from its core. `@tensorflow/tfjs`, and so tfjs-node, registers
 * both; a page that only samples needs neither, so the library itself never chains.
 */

import * as tf from '@tensorflow/tfjs-core';

export { tf };

/** What the library uses of tfjs's engine beyond its published types. */
export interface Engine {
  readonly registeredVariables: Record<string, tf.Variable>;
  startScope(name?: string): void;
  endScope(): void;
  makeVariable(...args: unknown[]): tf.Variable;
  makeTensorFromTensorInfo(info: tf.TensorInfo): tf.Tensor;
  clone(tensor: tf.Tensor): tf.Tensor;
  /** Counts a tensor that has another value now, as `Variable.assign` does, and one that loses its value. */
  incRef(tensor: tf.Tensor, backend: null): void;
  disposeTensor(tensor: tf.Tensor): void;
  isTapeOn(): boolean;
}

export function engine(): Engine {
  return tf.engine() as unknown as Engine;
}

let tracing = false;

/**
 * Whether a function is being traced into a graph (see lib/jit). Then tensors have no values yet, and what
 * is drawn or counted on the host would be fixed in the graph.
 */
export function isTracing(): boolean {
  return tracing;
}

/** Only for lib/jit. */
export function setTracing(value: boolean): void {
  tracing = value;
}

/** Numbers and flags that decide what a kernel computes. */
export type KernelAttributes = Readonly<Record<string, number | boolean | string | number[]>>;

/**
 * Whether the present backend has a kernel of that name in tfjs's registry. The library's own kernels are named in
 * lib/nn/kernels and lib/random, each next to the plain version that runs where there is none.
 */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/**
 * Runs a kernel of the present backend. It has no gradient but that of a `tf.customGrad` around it.
 *
 * @param inputs in the order that the kernel takes them
 * @returns its outputs; the caller disposes them
 * @throws Error if there is none of that name: ask `hasKernel` first
 */
export function runKernel(
  name: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: KernelAttributes = {},
): tf.Tensor[] {
  const outputs: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(name, inputs, attributes);
  return Array.isArray(outputs) ? outputs : [outputs];
}

/** Whether the library's kernels of convolutions of 3 × 3 take a filter of this shape, [h, w, in, out]. */
export const isFilter3x3 = ([height, width, inputs = 0, outputs = 0]: readonly number[]): boolean =>
  height === 3 && width === 3 && inputs % 16 === 0 && outputs % 16 === 0;
