/** Convolutions of 3 × 3 with their bias, by Winograd's F(2×2, 3×3) as within TensorFlow: 16 products in place of 36. */
import { tf } from '..';
import type { FusedKernels } from './fused';
import { addressOf, Derived, WASM, wasmBackend } from './wasm-backend';

interface Inputs {
  readonly x: tf.TensorInfo;
  readonly filter: tf.TensorInfo;
  readonly bias: tf.TensorInfo;
}

/** Registers the kernel `SdmConv3x3` (lib/nn/kernels/conv3x3.ts), forward only: nothing is trained on this backend. */
export function registerConvolution(fused: FusedKernels): void {
  const backend = wasmBackend();
  const transformed = new Derived((weight) => {
    const [, , inputs = 0, outputs = 0] = weight.shape;
    const filter = backend.makeOutput([16, inputs, outputs], 'float32');
    fused.conv3x3Filter(inputs, outputs, addressOf(weight), addressOf(filter));
    return filter;
  });
  tf.registerKernel({
    kernelName: 'SdmConv3x3',
    backendName: WASM,
    kernelFunc: ({ inputs }) => {
      const { x, filter: weight, bias } = inputs as unknown as Inputs;
      const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
      const outputs = weight.shape[3]!;
      const filter = transformed.of(weight);
      const y = backend.makeOutput([batch, height, width, outputs], 'float32');
      const arrays = [addressOf(x), addressOf(filter), addressOf(bias), addressOf(y)] as const;
      fused.conv3x3(batch, height, width, channels, outputs, ...arrays);
      return y;
    },
  });
}
