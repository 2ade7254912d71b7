/** Convolutions with their bias in the same pass. */
import { tf } from '..';
import { kernelOf, WASM } from './wasm-backend';

interface Inputs {
  readonly x: tf.TensorInfo;
  readonly filter: tf.TensorInfo;
  readonly bias: tf.TensorInfo;
}

/** Registers the kernel `SdmConv3x3` (lib/nn/kernels/conv3x3.ts), forward only: nothing is trained on this backend. */
export function registerConvolution(): void {
  const convolve = kernelOf(tf.FusedConv2D);
  tf.registerKernel({
    kernelName: 'SdmConv3x3',
    backendName: WASM,
    kernelFunc: ({ inputs }) => {
      const { x, filter, bias } = inputs as unknown as Inputs;
      return convolve(
        { x, filter, bias },
        {
          strides: [1, 1],
          pad: 'same',
          dilations: [1, 1],
          dataFormat: 'NHWC',
          dimRoundingMode: null,
          activation: 'linear',
          leakyreluAlpha: 0,
        },
      );
    },
  });
}
