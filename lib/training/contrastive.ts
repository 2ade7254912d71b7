/**
 * Contrastive flow matching (Stoica et al. 2025, "Contrastive flow matching"; `TripletSILoss` of github.com/gstoica27/DeltaFM): a
 * prediction is drawn to its own target and pushed a little away from another image's, so that captions are told apart
 * sooner. There the way from noise to image is straight and a target the same at all time steps; where it is not, the other
 * image and its noise are taken to this one's time step.
 */
import { tf } from '../backend';
import type { BatchIndices } from './objective';

/** An image and its noise, [B, h, w, c] each: what a target is made of. */
export interface Pair {
  readonly latents: tf.Tensor4D;
  readonly noise: tf.Tensor4D;
}

/** Another pair for each one of a batch, where the loss is contrastive. All tensors belong to the caller. */
export type Others = {
  /** [B, h, w, c]: another image of the batch, encoded */
  readonly otherLatents?: tf.Tensor4D;
  /** [B, h, w, c]: that image's noise */
  readonly otherNoise?: tf.Tensor4D;
};

export function otherPair({ otherLatents, otherNoise }: Others): Pair | undefined {
  return otherLatents && otherNoise && { latents: otherLatents, noise: otherNoise };
}

/**
 * Each row's neighbour in the whole batch, whose order is random: so however a batch is cut, its numbers are the same. Of a
 * batch of one it is the row itself.
 *
 * @returns int32 [m]: places in the batch; the caller disposes it
 */
export function neighbours({ indices, rows }: BatchIndices): tf.Tensor1D {
  return tf.tidy(() => {
    const next = tf.add<tf.Tensor1D>(rows, tf.scalar(1, 'int32'));
    return tf.mod<tf.Tensor1D>(next, tf.scalar(indices.shape[0], 'int32'));
  });
}

/** What a prediction is compared with. */
export interface Contrast {
  readonly own: Pair;
  /** undefined: nothing is subtracted */
  readonly other: Pair | undefined;
  /** A pair's target, [B, h, w, c], at the batch's time steps. */
  readonly targetOf: (pair: Pair) => tf.Tensor4D;
  readonly contrastiveWeight: number;
}

/**
 * Squared errors less `contrastiveWeight` times those against the other pair's target.
 *
 * @param prediction [B, h, w, c]
 * @returns [B, h, w, c]; the caller disposes it
 */
export function contrastiveSquares(
  prediction: tf.Tensor4D,
  { own, other, targetOf, contrastiveWeight }: Contrast,
): tf.Tensor4D {
  return tf.tidy(() => {
    const squares = tf.squaredDifference<tf.Tensor4D>(prediction, targetOf(own));
    if (!other || contrastiveWeight === 0) return squares;
    const away = tf.squaredDifference(prediction, targetOf(other));
    return tf.sub<tf.Tensor4D>(squares, tf.mul(away, contrastiveWeight));
  });
}
