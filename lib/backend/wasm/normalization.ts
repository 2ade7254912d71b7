/**
 * Group and layer normalization in two passes over the numbers, in JavaScript: as tfjs's ops they are twenty and eight kernels, each
 * with its call and a pass of its own. Sums are of 64 bits.
 */
import { tf } from '..';
import { kernelOf, WASM, wasmBackend } from './wasm-backend';

interface Inputs {
  readonly x: tf.TensorInfo;
  readonly weight: tf.TensorInfo;
  readonly bias: tf.TensorInfo;
}

interface Rows {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** Registers the kernels `SdmGroupNorm` and `SdmLayerNorm` (lib/nn/kernels), forward only: nothing is trained on this backend. */
export function registerNormalization(): void {
  const backend = wasmBackend();
  const sigmoid = kernelOf(tf.Sigmoid);
  const multiply = kernelOf(tf.Multiply);

  /** The output with the views of all that is read and written. */
  function opened({ x, weight, bias }: Inputs): { info: tf.TensorInfo; rows: Rows } {
    const info = backend.makeOutput(x.shape, 'float32');
    // Views are taken when nothing is allocated any more: the heap may grow and leave them behind.
    const rows = {
      x: backend.typedArrayFromHeap(x),
      y: backend.typedArrayFromHeap(info),
      weight: backend.typedArrayFromHeap(weight),
      bias: backend.typedArrayFromHeap(bias),
    };
    return { info, rows };
  }

  /** Where a gradient would ask for means and deviations. */
  const none = () => backend.makeOutput([0], 'float32');

  function activated(info: tf.TensorInfo): tf.TensorInfo {
    const factors = sigmoid({ x: info });
    const product = multiply({ a: info, b: factors });
    for (const { dataId } of [info, factors]) backend.disposeData(dataId);
    return product;
  }

  tf.registerKernel({
    kernelName: 'SdmGroupNorm',
    backendName: WASM,
    kernelFunc: ({ inputs, attrs }) => {
      const { groups, epsilon, silu } = attrs as unknown as GroupNormAttributes;
      const { info, rows } = opened(inputs as unknown as Inputs);
      const [batches = 0, height = 0, width = 0, channels = 0] = info.shape;
      for (let batch = 0; batch < batches; batch++) {
        groupNormalize(rows, batch, height * width, channels, groups, epsilon);
      }
      return [silu ? activated(info) : info, none(), none()];
    },
  });
  tf.registerKernel({
    kernelName: 'SdmLayerNorm',
    backendName: WASM,
    kernelFunc: ({ inputs, attrs }) => {
      const { info, rows } = opened(inputs as unknown as Inputs);
      layerNormalize(rows, info.shape.at(-1) ?? 1, attrs!['epsilon'] as number);
      return [info, none(), none()];
    },
  });
}

interface GroupNormAttributes {
  readonly groups: number;
  readonly epsilon: number;
  readonly silu: boolean;
}

/** One picture's numbers, `places` times `channels`. */
function groupNormalize(
  { x, y, weight, bias }: Rows,
  batch: number,
  places: number,
  channels: number,
  groups: number,
  epsilon: number,
): void {
  const size = channels / groups;
  const begin = batch * places * channels;
  const end = begin + places * channels;
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let i = begin; i < end; i += channels) {
    for (let c = 0; c < channels; c++) {
      const value = x[i + c]!;
      sums[c]! += value;
      squares[c]! += value * value;
    }
  }
  const scales = new Float64Array(channels);
  const shifts = new Float64Array(channels);
  for (let from = 0; from < channels; from += size) {
    const mean = total(sums, from, size) / (places * size);
    // In 64 bits nothing of 32 cancels out.
    const variance = total(squares, from, size) / (places * size) - mean * mean;
    const rstd = 1 / Math.sqrt(Math.max(0, variance) + epsilon);
    for (let c = from; c < from + size; c++) {
      scales[c] = weight[c]! * rstd;
      shifts[c] = bias[c]! - mean * scales[c]!;
    }
  }
  for (let i = begin; i < end; i += channels) {
    for (let c = 0; c < channels; c++) y[i + c] = x[i + c]! * scales[c]! + shifts[c]!;
  }
}

function total(values: Float64Array, from: number, size: number): number {
  let sum = 0;
  for (let i = from; i < from + size; i++) sum += values[i]!;
  return sum;
}

function layerNormalize({ x, y, weight, bias }: Rows, channels: number, epsilon: number): void {
  for (let from = 0; from < x.length; from += channels) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += x[from + c]!;
    const mean = sum / channels;
    let squares = 0;
    for (let c = 0; c < channels; c++) {
      const centred = x[from + c]! - mean;
      squares += centred * centred;
    }
    const rstd = 1 / Math.sqrt(squares / channels + epsilon);
    for (let c = 0; c < channels; c++) {
      y[from + c] = (x[from + c]! - mean) * rstd * weight[c]! + bias[c]!;
    }
  }
}
