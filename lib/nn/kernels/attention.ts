/** Attention: a kernel over all heads where the backend has it, else plain ops on heads of their own. */
import { hasKernel, runKernel, tf } from '../../backend';

/** Query, key and value apart, or side by side in one tensor. */
const KERNEL = 'SdmAttention';
const SELF_KERNEL = 'SdmSelfAttention';

/** The sizes of a head that the kernels have been compiled for. */
const HEAD_SIZES: readonly number[] = [4, 8, 16, 32, 64];

export function hasAttentionKernel(headSize: number): boolean {
  return hasKernel(KERNEL) && HEAD_SIZES.includes(headSize);
}

type Apart = {
  readonly query: tf.Tensor3D;
  readonly key: tf.Tensor3D;
  readonly value: tf.Tensor3D;
};

/**
 * softmax(q kᵀ / √D + mask) v of all heads by a kernel; only where `hasAttentionKernel`.
 *
 * @param inputs each [B, L, heads · D] (keys and values of another length), or all three side by side
 * @param mask [L, S] or null, as of `scaledDotProductAttention`
 * @returns [B, L, heads · D], disposed by the caller
 */
export function attentionByKernel(
  inputs: Apart | { readonly qkv: tf.Tensor3D },
  heads: number,
  mask: tf.Tensor2D | null,
): tf.Tensor3D {
  const kernel = 'qkv' in inputs ? SELF_KERNEL : KERNEL;
  const names = Object.keys(inputs);
  const order = [...names, 'mask', 'output', 'logSum'];
  const named = (tensors: tf.Tensor[]) =>
    Object.fromEntries(tensors.map((tensor, i) => [order[i]!, tensor]));
  const run = tf.customGrad((...args) => {
    const all = [...(args.slice(0, names.length) as tf.Tensor[]), mask ?? tf.scalar(0)];
    const save = args[names.length] as unknown as tf.GradSaveFunc;
    const [output, logSum] = runKernel(kernel, named(all), { heads });
    save([...all, output!, logSum!]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) =>
      runKernel(`${kernel}Grad`, { dy, ...named(saved) }, { heads });
    return { value: output!, gradFunc };
  });
  return run(...Object.values<tf.Tensor3D>(inputs)) as tf.Tensor3D;
}

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
