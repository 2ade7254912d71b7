/** Attention of all heads at once, without ever storing the scores of more than a few queries. */
import { tf } from '..';
import type { FusedKernels } from './fused';
import { addressOf, WASM, wasmBackend } from './wasm-backend';

interface Side {
  /** Of the first head's numbers in the first row. */
  readonly address: number;
  readonly length: number;
  /** Numbers from row to row: query, key and value may lie side by side. */
  readonly stride: number;
}

interface Sides {
  readonly query: Side;
  readonly key: Side;
  readonly value: Side;
  readonly batch: number;
  /** Of all heads together. */
  readonly width: number;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Registers the kernels `SdmAttention` and `SdmSelfAttention` (lib/nn/kernels/attention.ts), forward only. */
export function registerAttention(fused: FusedKernels): void {
  const backend = wasmBackend();

  function attend(sides: Sides, mask: tf.TensorInfo, heads: number): tf.TensorInfo[] {
    const { query, key, value, batch, width } = sides;
    const output = backend.makeOutput([batch, query.length, width], 'float32');
    fused.attention(
      ...([batch, query.length, key.length, heads, width / heads] as const),
      ...([query.stride, key.stride] as const),
      ...([query.address, key.address, value.address] as const),
      mask.shape.length === 2 ? addressOf(mask) : 0,
      addressOf(output),
    );
    // In the place of the logarithms that a gradient would ask for: nothing is trained on this backend.
    return [output, backend.makeOutput([0], 'float32')];
  }

  tf.registerKernel({
    kernelName: 'SdmAttention',
    backendName: WASM,
    kernelFunc: ({ inputs, attrs }) => {
      const { query, key, value, mask } = inputs as unknown as Record<string, tf.TensorInfo>;
      const [batch = 0, , width = 0] = query!.shape;
      const sideOf = (info: tf.TensorInfo): Side => ({
        address: addressOf(info),
        length: info.shape[1]!,
        stride: width,
      });
      const [q, k, v] = [sideOf(query!), sideOf(key!), sideOf(value!)];
      const sides = { query: q, key: k, value: v, batch, width };
      return attend(sides, mask!, attrs!['heads'] as number);
    },
  });
  tf.registerKernel({
    kernelName: 'SdmSelfAttention',
    backendName: WASM,
    kernelFunc: ({ inputs, attrs }) => {
      const { qkv, mask } = inputs as unknown as Record<string, tf.TensorInfo>;
      const [batch = 0, length = 0, stride = 0] = qkv!.shape;
      const width = stride / 3;
      const part = (i: number): Side => ({
        address: addressOf(qkv!) + i * width * BYTES,
        length,
        stride,
      });
      const sides = { query: part(0), key: part(1), value: part(2), batch, width };
      return attend(sides, mask!, attrs!['heads'] as number);
    },
  });
}
