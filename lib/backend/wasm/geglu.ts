/** a · gelu(b) of the two halves of each row, in one pass. */
import { tf } from '..';
import type { FusedKernels } from './fused';
import { addressOf, WASM, wasmBackend } from './wasm-backend';

/** Registers the kernel `SdmGeglu` (lib/nn/kernels/geglu.ts), forward only: nothing is trained on this backend. */
export function registerGeglu(fused: FusedKernels): void {
  const backend = wasmBackend();
  tf.registerKernel({
    kernelName: 'SdmGeglu',
    backendName: WASM,
    kernelFunc: ({ inputs }) => {
      const input = inputs['input']!;
      const half = (input.shape.at(-1) ?? 0) / 2;
      const output = backend.makeOutput([...input.shape.slice(0, -1), half], 'float32');
      const rows = tf.util.sizeFromShape(input.shape.slice(0, -1));
      fused.geglu(rows, half, addressOf(input), addressOf(output));
      return output;
    },
  });
}
