import { tf } from '../backend';
import type { ImageFile } from '../datasets/streamed-images';
import { byteLevels, packed, unpacked, type BatchImages } from './device-images';

/** Images of a file, of which the batch's alone are on the device: the next one's are read while a step computes. */
export class StreamedBatch implements BatchImages {
  readonly imageShape: readonly [number, number, number];
  /** int32 [B, ⌈H · W · C / 4⌉]. A variable, so that traced steps see each batch. */
  private staged: tf.Variable<tf.Rank.R2> | undefined;
  private readonly levels = byteLevels();

  constructor(private readonly source: ImageFile) {
    const [, ...imageShape] = source.shape;
    this.imageShape = imageShape;
  }

  async prepare(indices: Int32Array, next: Int32Array | undefined): Promise<void> {
    const bytes = await this.source.read(indices);
    if (next) this.source.readAhead(next);
    const size = this.imageShape[0] * this.imageShape[1] * this.imageShape[2];
    const words = packed(bytes, indices.length, size);
    try {
      if (this.staged?.shape[0] === indices.length) this.staged.assign(words);
      else {
        this.staged?.dispose();
        this.staged = tf.variable(words, false);
      }
    } finally {
      words.dispose();
    }
  }

  gather(_: tf.Tensor1D, rows: tf.Tensor1D): tf.Tensor4D {
    if (!this.staged) throw new Error('StreamedBatch: expected prepare() before a batch is drawn.');
    return unpacked(this.staged, rows, this.levels, this.imageShape);
  }

  dispose(): void {
    tf.dispose([this.levels, ...(this.staged ? [this.staged] : [])]);
  }
}
