/** A step that is left out where gradients are not finite, decided in the graph: `found_inf` of torch's fused optimizers. */
import { tf } from '../../backend';

/**
 * A value after a step, or as it was before. Chosen and not computed: NaN · 0 is NaN.
 *
 * @param foundInf a number that is not 0 where something was found; undefined: nothing was looked for
 * @returns the caller disposes it
 */
export function unlessFound<T extends tf.Tensor>(
  foundInf: tf.Scalar | undefined,
  next: T,
  before: tf.Tensor,
): T {
  if (!foundInf) return next;
  return tf.tidy(() => tf.where<T>(tf.equal(foundInf, 0), next, before as T));
}
