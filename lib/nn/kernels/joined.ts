/**
 * Many tensors as one. Of a few hundred parameters most are small, and where each call of an op takes its time (a kernel's launch
 * on a GPU), an op for all of them is as fast as an op for one.
 */
import { hasKernel, tf } from '../../backend';

/** Whether an op for each is as good: a backend with the library's fused ops is a CPU's, where a copy costs more than a call. */
export const isBetterApart = (): boolean => hasKernel('SdmGeglu');

/** All numbers, one tensor after another; disposed by the caller. */
export function joined(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.tidy(() => {
    const flat = tensors.map((tensor) => tf.reshape(tensor, [-1]) as tf.Tensor1D);
    return flat.length === 1 ? flat[0]! : tf.concat1d(flat);
  });
}

/** Gives each variable its part of numbers that are joined in their order. */
export function assignParts(variables: readonly tf.Variable[], numbers: tf.Tensor1D): void {
  tf.tidy(() => {
    const sizes = variables.map(({ size }) => size);
    const parts = sizes.length === 1 ? [numbers] : tf.split(numbers, sizes);
    variables.forEach((variable, i) => variable.assign(tf.reshape(parts[i]!, variable.shape)));
  });
}
