import { tf } from '../backend';
import type { ImageDataset } from '../datasets/data-loader';
import { gatherRows } from '../nn/gather-rows';

/** The captions' ids of a data set on the device: one of each image, or several of which one is drawn. */
export class CaptionChoices {
  /** int32 [N · K]: those of image i from i · K on. */
  private readonly ids: tf.Tensor1D;
  /** int32 [N]: how many each image has; null where all have one. */
  private readonly counts: tf.Tensor1D | null;
  /** K */
  private readonly most: number;

  constructor({ captionIds, captionChoices }: Pick<ImageDataset, 'captionIds' | 'captionChoices'>) {
    this.most = captionChoices?.reduce((most, ids) => Math.max(most, ids.length), 1) ?? 1;
    if (!captionChoices) {
      this.ids = tf.tensor1d(Int32Array.from(captionIds), 'int32');
      this.counts = null;
      return;
    }
    const ids = new Int32Array(captionChoices.length * this.most);
    captionChoices.forEach((own, i) => ids.set(own, i * this.most));
    this.ids = tf.tensor1d(ids, 'int32');
    this.counts = tf.tensor1d(
      Int32Array.from(captionChoices, ({ length }) => length),
      'int32',
    );
  }

  /**
   * @param images int32 [B]
   * @param place [B] in [0, 1): which of the image's captions, where there are several; without it the first
   * @returns int32 [B]; the caller disposes it
   */
  gather(images: tf.Tensor1D, place: tf.Tensor1D | undefined): tf.Tensor1D {
    const { ids, counts, most } = this;
    return tf.tidy(() => {
      const first = most === 1 ? images : tf.mul<tf.Tensor1D>(images, tf.scalar(most, 'int32'));
      if (!counts || !place) return gatherRows(ids, first) as tf.Tensor1D;
      const count = tf.cast(gatherRows(counts, images), 'float32');
      const chosen = tf.cast(tf.floor(tf.mul(place, count)), 'int32');
      return gatherRows(ids, tf.add<tf.Tensor1D>(first, chosen)) as tf.Tensor1D;
    });
  }

  dispose(): void {
    tf.dispose([this.ids, ...(this.counts ? [this.counts] : [])]);
  }
}
