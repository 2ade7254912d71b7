/** Clipping of gradients by their common norm, as torch.nn.utils.clip_grad_norm_. */
import { tf } from '../backend';
import { asMap, type NamedTensors } from './named-tensors';

/** Added to the norm before dividing by it; torch's constant. */
const EPS = 1e-6;

/**
 * The factor that brings gradients of this norm to at most `maxNorm`: min(1, maxNorm / (norm + 1e-6)).
 *
 * @param maxNorm > 0; Infinity leaves them
 */
export function clipFactor(norm: number, maxNorm: number): number {
  return maxNorm === Infinity ? 1 : Math.min(1, maxNorm / (norm + EPS));
}

/** The same in a graph, in float32: it may differ from that in the last digits. A scalar, disposed by the caller. */
export function clipFactorOf(norm: tf.Scalar, maxNorm: tf.Scalar): tf.Scalar {
  return tf.tidy(() => tf.minimum(1, tf.div(maxNorm, tf.add(norm, EPS))));
}

export interface ClippedGradients {
  /** New tensors, in the order of the given ones. */
  readonly grads: Map<string, tf.Tensor>;
  /** Norm of all gradients together before clipping: a scalar that stays on the device. */
  readonly totalNorm: tf.Scalar;
}

/**
 * Scales all gradients by the same factor, min(1, maxNorm / (norm + 1e-6)). NaN anywhere makes the
 * norm and all gradients NaN. Plain tensor ops without host reads.
 *
 * @param maxNorm > 0; Infinity only measures the norm
 * @returns tensors that the caller disposes; the given ones are left as they are
 * @throws Error if maxNorm is not positive or there is no gradient
 */
export function clipGradNorm(grads: NamedTensors, maxNorm: number): ClippedGradients {
  const given = asMap(grads);
  if (!(maxNorm > 0)) throw new Error(`clipGradNorm: expected maxNorm > 0, got ${maxNorm}.`);
  if (given.size === 0) throw new Error('clipGradNorm: expected at least one gradient, got none.');
  const [totalNorm, ...clipped] = tf.tidy(() => {
    const squares = [...given.values()].map((gradient) => tf.sum(tf.square(gradient)));
    const norm = tf.sqrt(tf.addN(squares));
    const factor = tf.div(maxNorm, tf.add(norm, EPS));
    const scale = maxNorm === Infinity ? tf.onesLike(norm) : tf.minimum(factor, 1);
    return [norm, ...[...given.values()].map((gradient) => tf.mul(gradient, scale))];
  });
  const names = [...given.keys()];
  return {
    grads: new Map(clipped.map((tensor, i) => [names[i]!, tensor])),
    totalNorm: totalNorm as tf.Scalar,
  };
}
