/** a · gelu(b) of the two halves of each row: what stands before and after the error function in one pass each, in JavaScript. */
import { tf } from '..';
import { kernelOf, WASM, wasmBackend } from './wasm-backend';

/** Registers the kernel `SdmGeglu` (lib/nn/kernels/geglu.ts), forward only: nothing is trained on this backend. */
export function registerGeglu(): void {
  const backend = wasmBackend();
  const erf = kernelOf(tf.Erf);
  tf.registerKernel({
    kernelName: 'SdmGeglu',
    backendName: WASM,
    kernelFunc: ({ inputs }) => {
      const input = inputs['input']!;
      const half = (input.shape.at(-1) ?? 0) / 2;
      const shape = [...input.shape.slice(0, -1), half];
      const scaled = backend.makeOutput(shape, 'float32');
      const gates = backend.typedArrayFromHeap(scaled);
      const before = backend.typedArrayFromHeap(input);
      for (let i = 0, from = half; i < gates.length; i += half, from += 2 * half) {
        for (let c = 0; c < half; c++) gates[i + c] = before[from + c]! * Math.SQRT1_2;
      }
      const errors = erf({ x: scaled });
      const output = backend.makeOutput(shape, 'float32');
      // The heap may have grown meanwhile: its views are taken anew.
      const [x, e, y] = [input, errors, output].map((info) => backend.typedArrayFromHeap(info));
      for (let i = 0, from = 0; i < y!.length; i += half, from += 2 * half) {
        for (let c = 0; c < half; c++) {
          y![i + c] = x![from + c]! * x![from + half + c]! * 0.5 * (1 + e![i + c]!);
        }
      }
      for (const { dataId } of [scaled, errors]) backend.disposeData(dataId);
      return output;
    },
  });
}
