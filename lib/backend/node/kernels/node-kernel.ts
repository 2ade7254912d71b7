import { tf } from '../..';
import { BACKEND, type NodeBackend } from '../binding';

/** A kernel as the ones here are written: tensors in, in the order of `runKernel`; tensors out. */
export type NodeKernel = (call: {
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: NodeBackend;
}) => tf.TensorInfo[];

/** Puts a kernel into tfjs's registry, in place of one of that name (of this module loaded a second time). */
export function register(kernelName: string, kernel: NodeKernel): void {
  if (tf.getKernel(kernelName, BACKEND)) tf.unregisterKernel(kernelName, BACKEND);
  const kernelFunc = kernel as unknown as tf.KernelFunc;
  tf.registerKernel({ kernelName, backendName: BACKEND, kernelFunc });
}
