/**
 * x Wᵀ + b with the weights held transposed. tfjs multiplies by XNNPACK only where neither side is transposed and the batch is
 * 1, else by a plain loop (tfjs-backend-wasm, kernels/BatchMatMul and cc/batch_mat_mul_impl.cc).
 */
import { tf } from '..';
import { Derived, kernelOf, WASM } from './wasm-backend';

interface Inputs {
  readonly x: tf.TensorInfo;
  readonly weight: tf.TensorInfo;
  readonly bias?: tf.TensorInfo;
}

/** The same value with an axis of 1 before. */
const batched = ({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo => ({
  dataId,
  shape: [1, ...shape],
  dtype,
});

/** Registers the kernel `SdmLinear` (lib/nn/kernels/linear.ts). */
export function registerLinear(): void {
  const transpose = kernelOf(tf.Transpose);
  const matMul = kernelOf(tf._FusedMatMul);
  const transposed = new Derived((weight) => transpose({ x: weight }, { perm: [1, 0] }));
  tf.registerKernel({
    kernelName: 'SdmLinear',
    backendName: WASM,
    kernelFunc: ({ inputs }) => {
      const { x, weight, bias } = inputs as unknown as Inputs;
      const sides = { a: batched(x), b: batched(transposed.of(weight)), ...(bias && { bias }) };
      const flags = { transposeA: false, transposeB: false, activation: 'linear' };
      const { dataId, dtype } = matMul(sides, flags);
      return { dataId, dtype, shape: [x.shape[0]!, weight.shape[0]!] };
    },
  });
}
