/** Masks to train inpainting on. */
import { tf } from '../backend';
import { rand, type RandomKey } from '../random';

/**
 * Rectangles and ellipses, as often one as the other, of any height and width up to the picture's, anywhere in it; as
 * diffusers' train_dreambooth_inpaint.py, of which a picture may also be kept or drawn anew as a whole.
 *
 * @returns float32 [count, height, width, 1], 1 where it is drawn anew, else 0; the caller disposes it
 */
export function randomMasks(
  [count, height, width]: readonly [number, number, number],
  key: RandomKey,
): tf.Tensor4D {
  return tf.tidy(() => masksOf(rand<tf.Rank.R2>([count, 5], key), height, width));
}

/** @param drawn [count, 5], from 0 to below 1: height, width, place from above, place from the left, kind */
export function masksOf(drawn: tf.Tensor2D, height: number, width: number): tf.Tensor4D {
  return tf.tidy(() => {
    const column = (i: number) => tf.reshape(tf.slice(drawn, [0, i], [-1, 1]), [-1, 1, 1, 1]);
    // Whole pixels: 0 to all of them, each as likely; the first one, where it still fits.
    const upTo = (share: tf.Tensor, most: tf.Tensor | number) =>
      tf.floor(tf.mul(share, tf.add(most, 1)));
    const within = (size: tf.Tensor, share: tf.Tensor, pixels: number, shape: number[]) => {
      const first = upTo(share, tf.sub(pixels, size));
      const at = tf.reshape(tf.add(tf.range(0, pixels), 0.5), shape);
      return tf.sub(tf.sub(at, first), tf.div(size, 2)); // from the middle of the shape
    };
    const [h, w] = [upTo(column(0), height), upTo(column(1), width)];
    const [y, x] = [
      within(h, column(2), height, [1, height, 1, 1]),
      within(w, column(3), width, [1, 1, width, 1]),
    ];
    const rectangle = tf.logicalAnd(
      tf.less(tf.abs(y), tf.div(h, 2)),
      tf.less(tf.abs(x), tf.div(w, 2)),
    );
    // (2y/h)² + (2x/w)² < 1, without a division by 0
    const [hh, ww] = [tf.square(h), tf.square(w)];
    const inside = tf.add(tf.mul(tf.square(y), ww), tf.mul(tf.square(x), hh));
    const ellipse = tf.less(tf.mul(inside, 4), tf.mul(hh, ww));
    const isEllipse = tf.logicalAnd(tf.greaterEqual(column(4), 0.5), tf.onesLike(rectangle));
    return tf.cast(tf.where(isEllipse, ellipse, rectangle), 'float32') as tf.Tensor4D;
  });
}
