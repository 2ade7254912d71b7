import ndarray, { type NdArray } from 'ndarray';
import { tf } from '../backend';
import { normalize, rowMajor, toTensor } from '../datasets/transforms';
import { gatherRows } from '../nn/gather-rows';

const BYTES = 4; // in an int32, the smallest type that tfjs has

/** Where a batch's images come from. */
export interface BatchImages {
  /** [H, W, C] */
  readonly imageShape: readonly [number, number, number];
  /** As `Objective.prepare`, for images that are not on the device yet. */
  prepare?(indices: Int32Array, next: Int32Array | undefined): Promise<void>;
  /**
   * @param indices int32 [m]: places in the data set
   * @param rows int32 [m]: places in the batch
   * @returns [m, H, W, C] in [−1, 1]; the caller disposes it
   */
  gather(indices: tf.Tensor1D, rows: tf.Tensor1D): tf.Tensor4D;
  dispose(): void;
}

/** Images on the device, four pixels in a number, unpacked as they are asked for. */
export class DeviceImages implements BatchImages {
  /** [H, W, C] */
  readonly imageShape: readonly [number, number, number];
  /** int32 [N, ⌈H · W · C / 4⌉], four pixels in each. */
  private readonly pixels: tf.Tensor2D;
  /** [256]: what a byte becomes. */
  private readonly levels: tf.Tensor1D;

  /** @param images [N, H, W] or [N, H, W, C], 0 to 255 */
  constructor(images: NdArray<Uint8Array>) {
    const [length = 0, height = 1, width = 1, channels = 1] = images.shape;
    this.imageShape = [height, width, channels];
    this.pixels = packed(rowMajor(images), length, height * width * channels);
    this.levels = byteLevels();
  }

  /** @param indices int32 [m] @returns [m, H, W, C] in [−1, 1]; the caller disposes it */
  gather(indices: tf.Tensor1D): tf.Tensor4D {
    return unpacked(this.pixels, indices, this.levels, this.imageShape);
  }

  dispose(): void {
    tf.dispose([this.pixels, this.levels]);
  }
}

/** @returns the rows' images, [m, H, W, C] in [−1, 1]; the caller disposes it */
export function unpacked(
  pixels: tf.Tensor2D,
  rows: tf.Tensor1D,
  levels: tf.Tensor1D,
  imageShape: readonly [number, number, number],
): tf.Tensor4D {
  const shape: [number, number, number, number] = [rows.shape[0], ...imageShape];
  const size = shape[1] * shape[2] * shape[3];
  return tf.tidy(() => {
    const words = gatherRows(pixels, rows) as tf.Tensor2D;
    const byte = (place: number) =>
      tf.mod(tf.floorDiv(words, tf.scalar(256 ** place, 'int32')), tf.scalar(256, 'int32'));
    const bytes = tf.stack([byte(0), byte(1), byte(2), byte(3)], 2); // [m, words, 4]
    const flat = tf.reshape(bytes, [shape[0], -1]) as tf.Tensor2D;
    const whole = flat.shape[1] === size ? flat : tf.slice(flat, [0, 0], [shape[0], size]);
    return tf.reshape(gatherRows(levels, whole), shape);
  });
}

/** [256]: what a byte becomes. The caller disposes it. */
export function byteLevels(): tf.Tensor1D {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  return tf.tensor1d(normalize(toTensor(ndarray(bytes, [1, 256]))).data);
}

/** Rows of bytes as rows of little-endian int32, the last one filled up with zeros. */
export function packed(bytes: Uint8Array, rows: number, size: number): tf.Tensor2D {
  const words = Math.ceil(size / BYTES);
  const padded = new Uint8Array(rows * words * BYTES);
  for (let row = 0; row < rows; row++) {
    padded.set(bytes.subarray(row * size, (row + 1) * size), row * words * BYTES);
  }
  // Little-endian as all processors that TensorFlow is built for.
  return tf.tensor2d(new Int32Array(padded.buffer), [rows, words], 'int32');
}
