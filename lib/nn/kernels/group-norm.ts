/** Group normalization. Its gradient saves the input and two numbers a group, not the normalized copy. */
import { hasKernel, runKernel, tf } from '../../backend';
import { silu } from '../activations';

const KERNEL = 'SdmGroupNorm';

/** What may follow a group normalization in the same op. */
export type NormActivation = 'silu';

/**
 * Group normalization (Wu & He 2018), as `torch.nn.functional.group_norm`, channels last.
 *
 * Works on per-channel sums, so that only two passes over the input are needed: within a group,
 * y = x · scale + shift with scale and shift of shape [B, 1, C].
 *
 * @param x [B, H, W, C]
 * @param weight [C]
 * @param bias [C]
 * @param activation applied to the result
 * @returns [B, H, W, C], disposed by the caller
 */
export function groupNorm(
  x: tf.Tensor4D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  numGroups: number,
  eps: number,
  activation?: NormActivation,
): tf.Tensor4D {
  if (hasKernel(KERNEL)) return byKernel(x, weight, bias, numGroups, eps, activation);
  const y = plain(x, weight, bias, numGroups, eps);
  return activation ? silu(y) : y;
}

function byKernel(
  x: tf.Tensor4D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  groups: number,
  epsilon: number,
  activation?: NormActivation,
): tf.Tensor4D {
  const options = { groups, silu: activation === 'silu' };
  const op = tf.customGrad((...args) => {
    const [x0, gamma, beta] = args as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as unknown as tf.GradSaveFunc;
    const inputs = { x: x0, weight: gamma, bias: beta };
    const [y, mean, rstd] = runKernel(KERNEL, inputs, { ...options, epsilon });
    save([x0, gamma, beta, mean!, rstd!]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x1, g, b, mu, r] = saved as [tf.Tensor, ...tf.Tensor[]];
      const all = { dy, x: x1, weight: g!, bias: b!, mean: mu!, rstd: r! };
      return runKernel(`${KERNEL}Grad`, all, options);
    };
    return { value: y!, gradFunc };
  });
  return op(x, weight, bias) as tf.Tensor4D;
}

function plain(
  x: tf.Tensor4D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  numGroups: number,
  eps: number,
): tf.Tensor4D {
  const [B, H, W, C] = x.shape;
  const perGroup = C / numGroups;
  const count = H * W * perGroup;
  /** [B, C] per-channel sums → [B, C] where each channel holds its group's mean. */
  const groupMean = (sums: tf.Tensor): tf.Tensor => {
    const mean = tf.div(tf.sum(tf.reshape(sums, [B, numGroups, perGroup]), 2, true), count);
    return tf.reshape(tf.tile(mean, [1, 1, perGroup]), [B, C]);
  };
  const flat = (t: tf.Tensor) => tf.reshape(t, [B, H * W, C]);
  const perImage = (t: tf.Tensor) => tf.reshape(t, [B, 1, C]);

  const op = tf.customGrad((...args) => {
    const [input, gamma, beta] = args as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as unknown as tf.GradSaveFunc;
    const mean = groupMean(tf.sum(flat(input), 1)); // [B, C]
    const centred = tf.sub(flat(input), perImage(mean)); // [B, HW, C]
    const variance = groupMean(tf.sum(tf.square(centred), 1));
    const rstd = tf.rsqrt(tf.add(variance, eps)); // [B, C]
    save([input, gamma, mean, rstd]);
    const y = tf.add(tf.mul(centred, perImage(tf.mul(rstd, gamma))), beta);
    return {
      value: tf.reshape(y, [B, H, W, C]),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x0, g, mu, r] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        const d = flat(dy);
        const sumD = tf.sum(d, 1); // Σ dy, [B, C]
        const sumDX = tf.sum(tf.mul(d, tf.sub(flat(x0), perImage(mu))), 1); // Σ dy · (x − μ)
        const sumDXhat = tf.mul(sumDX, r); // Σ dy · x̂
        const a = groupMean(tf.mul(sumD, g));
        const b = groupMean(tf.mul(sumDXhat, g));
        // dx = r · (g · dy − a − x̂ · b), gathered as dy · c1 + x · c2 + c3
        const c1 = tf.mul(r, g);
        const c2 = tf.neg(tf.mul(tf.square(r), b));
        const c3 = tf.sub(tf.neg(tf.mul(r, a)), tf.mul(mu, c2));
        const dx = tf.add(
          tf.add(tf.mul(d, perImage(c1)), tf.mul(flat(x0), perImage(c2))),
          perImage(c3),
        );
        return [tf.reshape(dx, [B, H, W, C]), tf.sum(sumDXhat, 0), tf.sum(sumD, 0)];
      },
    };
  });
  return op(x, weight, bias) as tf.Tensor4D;
}
