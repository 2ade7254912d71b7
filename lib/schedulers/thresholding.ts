import { tf } from '../backend';

/** How far the predicted x0 may go: clipped to ±range, or by dynamic thresholding. */
export type Bounds = number | { readonly ratio: number; readonly max: number };

/** Equal for equal bounds: what a cache of traced steps goes by, so that schedulers share graphs. */
export function boundsKey(bounds: Bounds | null): string {
  if (bounds === null) return 'none';
  return typeof bounds === 'number'
    ? `clip ${bounds}`
    : `quantile ${bounds.ratio} max ${bounds.max}`;
}

/**
 * Dynamic thresholding: each image is clipped to ±s and divided by s, where s is a quantile of its absolute
 * values between 1 and `max`. Saharia et al. 2022, "Photorealistic text-to-image diffusion models with deep
 * language understanding", section 2.3; as `_threshold_sample` of diffusers' schedulers. With
 * `max` 1, diffusers' default, it is plain clipping to ±1.
 *
 * @param sample [B, …]
 * @param ratio the quantile, in (0, 1]
 * @param max ≥ 1
 * @returns shaped as the sample; the caller disposes it
 */
export function thresholdSample<T extends tf.Tensor>(sample: T, ratio: number, max: number): T {
  if (max === 1) return tf.clipByValue(sample, -1, 1);
  return tf.tidy(() => {
    const batch = sample.shape[0]!;
    const count = sample.size / batch;
    // torch.quantile, linear between neighbours, from the largest values down.
    const position = ratio * (count - 1);
    const below = Math.floor(position);
    const { values } = tf.topk(tf.abs(tf.reshape(sample, [batch, count])), count - below);
    const low = tf.slice(values, [0, count - below - 1], [batch, 1]);
    const high = tf.slice(values, [0, Math.max(0, count - below - 2)], [batch, 1]);
    const quantile = tf.add(low, tf.mul(tf.sub(high, low), position - below));
    const ones = sample.shape.slice(1).map(() => 1);
    const s = tf.reshape(tf.clipByValue(quantile, 1, max), [batch, ...ones]);
    return tf.div(tf.minimum(tf.maximum(sample, tf.neg(s)), s), s) as T;
  });
}

/** The sample within its bounds; null leaves it. A clip returns a new tensor. */
export function withinBounds(sample: tf.Tensor, bounds: Bounds | null): tf.Tensor {
  if (bounds === null) return sample;
  if (typeof bounds === 'number') return tf.clipByValue(sample, -bounds, bounds);
  return thresholdSample(sample, bounds.ratio, bounds.max);
}
