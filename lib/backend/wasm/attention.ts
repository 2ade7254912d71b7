/**
 * Attention head by head. tfjs multiplies by XNNPACK only single matrices that are not transposed, else by a plain loop
 * (tfjs-backend-wasm, cc/batch_mat_mul_impl.cc): a head's queries, keys (transposed) and values are laid out for that, which
 * takes little beside the products.
 */
import { tf } from '..';
import { kernelOf, WASM, wasmBackend } from './wasm-backend';

interface Side {
  readonly values: Float32Array;
  /** [B, length, width]. */
  readonly shape: readonly number[];
  /** Where the first head stands in a row: query, key and value may lie side by side. */
  readonly offset: number;
}

interface Sides {
  readonly query: Side;
  readonly key: Side;
  readonly value: Side;
  /** Of all heads together. */
  readonly width: number;
  readonly mask: tf.TensorInfo | undefined;
}

function attentionKernel(): (sides: Sides, heads: number) => tf.TensorInfo[] {
  const backend = wasmBackend();
  const matMul = kernelOf(tf._FusedMatMul);
  const softmax = kernelOf(tf.Softmax);
  const add = kernelOf(tf.Add);
  const flags = { transposeA: false, transposeB: false, activation: 'linear' };
  const product = (a: tf.TensorInfo, b: tf.TensorInfo) => matMul({ a, b }, flags);
  const free = (...infos: tf.TensorInfo[]) =>
    infos.forEach(({ dataId }) => backend.disposeData(dataId));

  /** One head's rows as a matrix of its own, [1, L, D], or transposed, [1, D, L]. */
  function headOf(
    side: Side,
    batch: number,
    from: number,
    size: number,
    factor = 1,
    turned = false,
  ) {
    const [, length = 0, width = 0] = side.shape;
    const head = backend.makeOutput(turned ? [1, size, length] : [1, length, size], 'float32');
    const out = backend.typedArrayFromHeap(head);
    const [perRow, perColumn] = turned ? [1, length] : [size, 1];
    for (let i = 0; i < length; i++) {
      const at = (batch * length + i) * width + side.offset + from;
      for (let d = 0; d < size; d++) {
        out[i * perRow + d * perColumn] = side.values[at + d]! * factor;
      }
    }
    return head;
  }

  return ({ query, key, value, width, mask }, heads) => {
    const [batches = 0, length = 0] = query.shape;
    const size = width / heads;
    const output = backend.makeOutput([batches, length, width], 'float32');
    for (let batch = 0; batch < batches; batch++) {
      for (let head = 0; head < heads; head++) {
        const from = head * size;
        const q = headOf(query, batch, from, size, 1 / Math.sqrt(size));
        const k = headOf(key, batch, from, size, 1, true);
        const v = headOf(value, batch, from, size);
        const scores = product(q, k);
        const closed = mask ? add({ a: scores, b: mask }) : scores;
        const probabilities = softmax({ logits: closed }, { dim: 2 });
        const result = product(probabilities, v);
        // The heap may have grown meanwhile: its views are taken anew.
        const [rows, out] = [result, output].map((info) => backend.typedArrayFromHeap(info));
        for (let i = 0; i < length; i++) {
          const row = rows!.subarray(i * size, (i + 1) * size);
          out!.set(row, (batch * length + i) * width + from);
        }
        free(q, k, v, scores, probabilities, result, ...(mask ? [closed] : []));
      }
    }
    // In the place of the logarithms that a gradient would ask for: nothing is trained on this backend.
    return [output, backend.makeOutput([0], 'float32')];
  };
}

/** Registers the kernels `SdmAttention` and `SdmSelfAttention` (lib/nn/kernels/attention.ts), forward only. */
export function registerAttention(): void {
  const backend = wasmBackend();
  const attend = attentionKernel();
  const valuesOf = ({ dataId }: tf.TensorInfo) => backend.readSync(dataId) as Float32Array;
  const maskOf = ({ mask }: tf.NamedTensorInfoMap) => (mask!.shape.length === 2 ? mask : undefined);
  tf.registerKernel({
    kernelName: 'SdmAttention',
    backendName: WASM,
    kernelFunc: ({ inputs, attrs }) => {
      const [query, key, value] = [inputs['query']!, inputs['key']!, inputs['value']!].map(
        (info): Side => ({ values: valuesOf(info), shape: info.shape, offset: 0 }),
      );
      const sides = {
        query: query!,
        key: key!,
        value: value!,
        width: query!.shape[2]!,
        mask: maskOf(inputs),
      };
      return attend(sides, attrs!['heads'] as number);
    },
  });
  tf.registerKernel({
    kernelName: 'SdmSelfAttention',
    backendName: WASM,
    kernelFunc: ({ inputs, attrs }) => {
      const { qkv } = inputs;
      const [values, shape] = [valuesOf(qkv!), qkv!.shape];
      const width = shape[2]! / 3;
      const [query, key, value] = [0, width, 2 * width].map((offset): Side => ({
        values,
        shape,
        offset,
      }));
      const sides = { query: query!, key: key!, value: value!, width, mask: maskOf(inputs) };
      return attend(sides, attrs!['heads'] as number);
    },
  });
}
