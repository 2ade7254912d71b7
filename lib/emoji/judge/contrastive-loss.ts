/** The loss of CLIP (Radford et al. 2021, figure 3). */
import { tf } from '../../backend';

/** Rows of length 1. @param x [B, D] */
export function normalized(x: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.mul(x, tf.rsqrt(tf.sum(tf.square(x), 1, true))));
}

/**
 * Mean of the cross-entropies of finding each picture's caption among those of the batch, and each caption's picture, by
 * their cosines; transformers' `clip_loss`.
 *
 * @param pictures [B, D], of any length but 0
 * @param captions [B, D], row i belongs to picture i
 * @param logitScale the logarithm of what the cosines are multiplied by, as CLIP's `logit_scale`
 * @returns a scalar
 */
export function contrastiveLoss(
  pictures: tf.Tensor2D,
  captions: tf.Tensor2D,
  logitScale: tf.Scalar,
): tf.Scalar {
  return tf.tidy(() => {
    const cosines = tf.matMul(normalized(pictures), normalized(captions), false, true);
    const logits = tf.mul(cosines, tf.exp(logitScale)) as tf.Tensor2D;
    const batch = pictures.shape[0];
    const own = tf.oneHot(tf.range(0, batch, 1, 'int32'), batch);
    const entropy = (rows: tf.Tensor2D) => tf.losses.softmaxCrossEntropy(own, rows) as tf.Scalar;
    return tf.div(tf.add(entropy(logits), entropy(tf.transpose(logits))), 2);
  });
}
