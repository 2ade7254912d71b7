import { tf } from '../backend';
import { FUSED_HEAD_SIZES, fusedOp, hasFusedOps } from './fused-ops';

type Saved = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];

/**
 * softmax(q kᵀ / √D + mask): how much each query attends to each key.
 *
 * @param query [B, heads, L, D]
 * @param key [B, heads, S, D]
 * @param mask as of `scaledDotProductAttention`
 * @returns [B, heads, L, S], disposed by the caller
 */
export function attentionProbabilities(
  query: tf.Tensor,
  key: tf.Tensor,
  mask: tf.Tensor | null = null,
): tf.Tensor4D {
  return tf.tidy(() => {
    const scaled = tf.mul(query, 1 / Math.sqrt(query.shape[3]!));
    const scores = tf.matMul(scaled, key, false, true);
    return tf.softmax(mask ? tf.add(scores, mask) : scores) as tf.Tensor4D;
  });
}

/**
 * softmax(q kᵀ / √D + mask) v, as `torch.nn.functional.scaled_dot_product_attention`.
 *
 * The gradient saves q, k and v and computes the probabilities again: at 14×14 with 8 heads these
 * are 200 times larger than what they come from.
 *
 * @param query [B, heads, L, D]
 * @param key [B, heads, S, D]
 * @param value [B, heads, S, D]
 * @param mask added to the scores, [L, S] (−∞ or a large negative number where closed), or null
 * @returns [B, heads, L, D], disposed by the caller
 */
export function scaledDotProductAttention(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  mask: tf.Tensor2D | null = null,
): tf.Tensor4D {
  const scale = 1 / Math.sqrt(query.shape[3]);
  const op = tf.customGrad((...args) => {
    const [q, k, v] = args as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as unknown as tf.GradSaveFunc;
    const output = tf.matMul(attentionProbabilities(q, k, mask), v);
    save(mask ? [q, k, v, output, mask] : [q, k, v, output]);
    return {
      value: output,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [q0, k0, v0, o, bias] = saved as [...Saved, tf.Tensor?];
        const p = attentionProbabilities(q0, k0, bias);
        const dV = tf.matMul(p, dy, true, false);
        const dP = tf.matMul(dy, v0, false, true);
        // Σ dP · p over the keys is Σ dy · o over D: a pass less over what is largest.
        const dS = tf.mul(p, tf.sub(dP, tf.sum(tf.mul(dy, o), -1, true)));
        const dQ = tf.mul(tf.matMul(dS, k0), scale);
        const dK = tf.mul(tf.matMul(dS, q0, true, false), scale);
        return [dQ, dK, dV];
      },
    };
  });
  return op(query, key, value) as tf.Tensor4D;
}

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
    if (hasFusedOps() && FUSED_HEAD_SIZES.includes(query.shape[2] / heads)) {
      return fusedAttention('SdmAttention', [query, key, value], heads, mask);
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
    if (hasFusedOps() && FUSED_HEAD_SIZES.includes(qkv.shape[2] / 3 / heads)) {
      return fusedAttention('SdmSelfAttention', [qkv], heads, mask);
    }
    const [query, key, value] = tf.split(qkv, 3, 2) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    return multiHeadAttention(query, key, value, heads, mask);
  });
}

/** @param inputs query, key and value, or all three side by side */
function fusedAttention(
  op: 'SdmAttention' | 'SdmSelfAttention',
  inputs: readonly tf.Tensor3D[],
  heads: number,
  mask: tf.Tensor2D | null,
): tf.Tensor3D {
  const count = inputs.length;
  const run = tf.customGrad((...args) => {
    const all = [...(args.slice(0, count) as tf.Tensor[]), mask ?? tf.scalar(0)];
    const save = args[count] as unknown as tf.GradSaveFunc;
    const [output, logSum] = fusedOp(op, { heads }, all, 2);
    save([...all, output!, logSum!]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) =>
      fusedOp(`${op}Grad`, { heads }, [dy, ...saved], count);
    return { value: output!, gradFunc };
  });
  return run(...inputs) as tf.Tensor3D;
}
