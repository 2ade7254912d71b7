import ndarray from 'ndarray';
import { tf } from '../backend';
import type { ImageDataset } from '../datasets/data-loader';
import { normalize, rowMajor, toTensor } from '../datasets/transforms';
import { gatherRows } from '../nn/gather-rows';
import { rand, randint, randn } from '../random';
import type { MicroBatch } from './train-step';

/** What decides a micro-batch: a few numbers. All tensors belong to the caller. */
export interface BatchDraw {
  /** int32 [B]: the whole batch's places in the data set */
  readonly indices: tf.Tensor1D;
  /** int32 [m]: the micro-batch's places in the batch; in order if m = B */
  readonly rows: tf.Tensor1D;
  /** int32 [2] each: keys of the noise, its offset, the time steps and the dropped captions */
  readonly noiseKey: tf.Tensor1D;
  readonly offsetKey: tf.Tensor1D;
  readonly timestepsKey: tf.Tensor1D;
  readonly dropoutKey: tf.Tensor1D;
}

export interface DeviceDataOptions {
  /** Time steps are drawn from 0 to this − 1. */
  readonly numTrainTimesteps: number;
  /** The share of captions that are left out, from 0 to 1. */
  readonly captionDropout: number;
  /** Standard deviation of what is added to a whole channel's noise; 0 for none. */
  readonly offsetNoise: number;
  /** The label that stands for no caption. */
  readonly nullIndex: number;
}

const BYTES = 4; // in an int32, the smallest type that tfjs has

/**
 * A data set on the device. A training step gets indices and keys; images are gathered, and noise, time
 * steps and dropped captions drawn, inside of the step's graph. The numbers depend on the whole batch and
 * the keys, not on how the batch is cut.
 */
export class DeviceData {
  /** int32 [N, ⌈H · W · C / 4⌉], four pixels in each. */
  private readonly pixels: tf.Tensor2D;
  /** int32 [N] */
  private readonly labels: tf.Tensor1D;
  /** [256]: what a byte becomes. */
  private readonly levels: tf.Tensor1D;
  private readonly imageShape: readonly [number, number, number];

  constructor(
    dataset: ImageDataset,
    private readonly options: DeviceDataOptions,
  ) {
    const { length } = dataset;
    const [, height = 1, width = 1, channels = 1] = dataset.images.shape;
    this.imageShape = [height, width, channels];
    this.pixels = packed(rowMajor(dataset.images), length, height * width * channels);
    this.labels = tf.tensor1d(Int32Array.from(dataset.labels), 'int32');
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    this.levels = tf.tensor1d(normalize(toTensor(ndarray(bytes, [1, 256]))).data);
  }

  /** @returns the micro-batch; the caller disposes its tensors */
  draw({ indices, rows, ...keys }: BatchDraw): MicroBatch {
    const { numTrainTimesteps, captionDropout, nullIndex } = this.options;
    const B = indices.shape[0];
    const part = <T extends tf.Tensor>(whole: T) =>
      (rows.shape[0] === B ? whole : gatherRows(whole, rows)) as T;
    return tf.tidy(() => {
      const chosen = part(indices);
      const dropped = tf.less(part(rand<tf.Rank.R1>([B], keys.dropoutKey)), captionDropout);
      const labels = gatherRows(this.labels, chosen) as tf.Tensor1D;
      const empty = tf.fill<tf.Rank.R1>([rows.shape[0]], nullIndex, 'int32');
      return {
        images: this.images(chosen),
        labels: tf.where(dropped, empty, labels),
        noise: part(this.noise(B, keys)),
        timesteps: part(randint<tf.Rank.R1>([B], 0, numTrainTimesteps, keys.timestepsKey)),
      };
    });
  }

  private noise(B: number, { noiseKey, offsetKey }: Omit<BatchDraw, 'indices' | 'rows'>) {
    const { offsetNoise } = this.options;
    const noise = randn<tf.Rank.R4>([B, ...this.imageShape], noiseKey);
    if (offsetNoise === 0) return noise;
    const offset = randn<tf.Rank.R4>([B, 1, 1, this.imageShape[2]], offsetKey);
    return tf.add<tf.Tensor4D>(noise, tf.mul(offset, offsetNoise));
  }

  /** @param indices int32 [m] @returns [m, H, W, C] in [−1, 1] */
  private images(indices: tf.Tensor1D): tf.Tensor4D {
    const shape: [number, number, number, number] = [indices.shape[0], ...this.imageShape];
    const size = shape[1] * shape[2] * shape[3];
    const words = gatherRows(this.pixels, indices) as tf.Tensor2D;
    const byte = (place: number) =>
      tf.mod(tf.floorDiv(words, tf.scalar(256 ** place, 'int32')), tf.scalar(256, 'int32'));
    const bytes = tf.stack([byte(0), byte(1), byte(2), byte(3)], 2); // [m, words, 4]
    const flat = tf.reshape(bytes, [shape[0], -1]) as tf.Tensor2D;
    const whole = flat.shape[1] === size ? flat : tf.slice(flat, [0, 0], [shape[0], size]);
    return tf.reshape(gatherRows(this.levels, whole), shape);
  }

  dispose(): void {
    tf.dispose([this.pixels, this.labels, this.levels]);
  }
}

/** Rows of bytes as rows of little-endian int32, the last one filled up with zeros. */
function packed(bytes: Uint8Array, rows: number, size: number): tf.Tensor2D {
  const words = Math.ceil(size / BYTES);
  const padded = new Uint8Array(rows * words * BYTES);
  for (let row = 0; row < rows; row++) {
    padded.set(bytes.subarray(row * size, (row + 1) * size), row * words * BYTES);
  }
  const numbers = new DataView(padded.buffer);
  const values = Int32Array.from({ length: rows * words }, (_, i) =>
    numbers.getInt32(i * BYTES, true),
  );
  return tf.tensor2d(values, [rows, words], 'int32');
}
