import { tf } from '../backend';
import {
  attentionByKernel,
  hasAttentionKernel,
  scaledDotProductAttention,
} from './kernels/attention';

export { attentionProbabilities, scaledDotProductAttention } from './kernels/attention';

/** [B, L, heads · D] → [B, heads, L, D]. */
export function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor4D {
  const [B, L, C] = x.shape;
  return tf.transpose(tf.reshape(x, [B, L, heads, C / heads]), [0, 2, 1, 3]);
}

/** [B, heads, L, D] → [B, L, heads · D]. */
export function mergeHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [B, heads, L, D] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [B, L, heads * D]);
}

/**
 * Attention of several heads side by side in the last axis.
 *
 * @param query [B, L, C]
 * @param key [B, S, C]
 * @param value [B, S, C]
 * @param heads divides C
 * @param mask as of `scaledDotProductAttention`
 * @returns [B, L, C], disposed by the caller
 */
export function multiHeadAttention(
  query: tf.Tensor3D,
  key: tf.Tensor3D,
  value: tf.Tensor3D,
  heads: number,
  mask: tf.Tensor2D | null = null,
): tf.Tensor3D {
  return tf.tidy(() => {
    if (hasAttentionKernel(query.shape[2] / heads)) {
      return attentionByKernel({ query, key, value }, heads, mask);
    }
    const split = (x: tf.Tensor3D) => splitHeads(x, heads); // [B, heads, L, D]
    return mergeHeads(scaledDotProductAttention(split(query), split(key), split(value), mask));
  });
}

/**
 * Attention of a sequence to itself, with query, key and value side by side.
 *
 * @param qkv [B, L, 3 · C]
 * @param heads divides C
 * @param mask as of `scaledDotProductAttention`
 * @returns [B, L, C], disposed by the caller
 */
export function multiHeadSelfAttention(
  qkv: tf.Tensor3D,
  heads: number,
  mask: tf.Tensor2D | null = null,
): tf.Tensor3D {
  return tf.tidy(() => {
    if (hasAttentionKernel(qkv.shape[2] / 3 / heads)) {
      return attentionByKernel({ qkv }, heads, mask);
    }
    const [query, key, value] = tf.split(qkv, 3, 2) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    return multiHeadAttention(query, key, value, heads, mask);
  });
}
