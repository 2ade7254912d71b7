/**
 * x Wᵀ + b with the weights held transposed, and x W + b with the bias in the same pass. tfjs multiplies by XNNPACK only where neither side is transposed and the batch is
 * 1, else by a plain loop (tfjs-backend-wasm, kernels/BatchMatMul and cc/batch_mat_mul_impl.cc).
 */
import { tf } from '..';
import { Derived, kernelOf, WASM } from './wasm-backend';

interface Inputs {
  readonly x: tf.TensorInfo;
  readonly weight: tf.TensorInfo;
  readonly bias?: tf.TensorInfo;
}

/** The same value as one batch of rows. */
const batched = ({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo => {
  const columns = shape.at(-1)!;
  return { dataId, shape: [1, tf.util.sizeFromShape(shape) / columns, columns], dtype };
};

/** Registers the kernels `SdmLinear` and `SdmPointwise` (lib/nn/kernels). */
export function registerLinear(): void {
  const transpose = kernelOf(tf.Transpose);
  const matMul = kernelOf(tf._FusedMatMul);
  const transposed = new Derived((weight) => transpose({ x: weight }, { perm: [1, 0] }));

  function multiply(x: tf.TensorInfo, matrix: tf.TensorInfo, bias?: tf.TensorInfo): tf.TensorInfo {
    const sides = { a: batched(x), b: batched(matrix), ...(bias && { bias }) };
    const flags = { transposeA: false, transposeB: false, activation: 'linear' };
    const { dataId, dtype } = matMul(sides, flags);
    return { dataId, dtype, shape: [...x.shape.slice(0, -1), matrix.shape[1]!] };
  }

  tf.registerKernel({
    kernelName: 'SdmLinear',
    backendName: WASM,
    kernelFunc: ({ inputs }) => {
      const { x, weight, bias } = inputs as unknown as Inputs;
      return multiply(x, transposed.of(weight), bias);
    },
  });
  tf.registerKernel({
    kernelName: 'SdmPointwise',
    backendName: WASM,
    kernelFunc: ({ inputs }) => {
      const { x, weight, bias } = inputs as unknown as Inputs;
      return multiply(x, weight, bias);
    },
  });
}
