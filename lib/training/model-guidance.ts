/**
 * Model guidance (Tang et al. 2025, "Diffusion models without classifier-free guidance"; `mgw` of its train.py): a model learns
 * to draw without guidance what it would draw with a little of it. (scale − 1) times what the caption changes in the prediction is
 * added to the target, and no gradient flows through it.
 *
 * The authors take it from averaged weights, for all images. Here it is the model's own, for every eighth image eight times
 * as much: the same in the mean, for 4 % more time a step instead of a quarter.
 */
import { tf } from '../backend';
import { mapExtras, predict, type Conditioning, type Denoiser } from '../conditioning/conditioning';
import { gatherRows } from '../nn/gather-rows';
import { ofRows } from './batch-rows';
import type { BatchIndices } from './objective';

/** One image in so many is guided. */
const EVERY = 8;

/** What guides a batch, if anything does. All tensors belong to the caller. */
export type Guidance = {
  /** [B]: how many times the caption's difference counts; 0 for most */
  readonly guidance?: tf.Tensor1D;
  /** [B, L, C]: the empty caption's embedding */
  readonly emptyHiddenStates?: tf.Tensor3D;
};

/**
 * By place in the whole batch, so that its numbers are the same however it is cut.
 *
 * @param scale as `guidance_scale`: 1 guides nothing
 * @returns [m]; their mean over the whole batch is scale − 1; the caller disposes it
 */
export function guidanceWeights(batch: BatchIndices, scale: number): tf.Tensor1D {
  const B = batch.indices.shape[0];
  const weight = ((scale - 1) * B) / Math.ceil(B / EVERY);
  const weights = Array.from({ length: B }, (_, place) => (place % EVERY === 0 ? weight : 0));
  return tf.tidy(() => ofRows(tf.tensor1d(weights), batch));
}

/** Picks the rows that are guided. */
type RowsOf = <T extends tf.Tensor>(whole: T) => T;

/**
 * `predict`, less what guidance adds to the target: so it is compared with the target itself. Its gradient is that of the
 * prediction.
 *
 * @param noisy [B, h, w, c], rows that follow each other in the whole batch
 * @param timesteps [B]
 * @returns [B, h, w, c]; the caller disposes it
 */
export function predictLessGuidance(
  unet: Denoiser,
  noisy: tf.Tensor4D,
  timesteps: tf.Tensor1D,
  { guidance, emptyHiddenStates, ...conditioning }: Conditioning & Guidance,
): tf.Tensor4D {
  const prediction = predict(unet, noisy, timesteps, conditioning);
  if (!guidance || !emptyHiddenStates) return prediction;
  // What is computed inside is hidden from the gradient.
  const less = tf.customGrad((...args) => {
    const own = args[0] as tf.Tensor4D;
    const value = differences(own, guidance, (rowsOf) => {
      const empty = { ...conditioning, encoderHiddenStates: emptyHiddenStates };
      return predict(unet, rowsOf(noisy), rowsOf(timesteps), mapExtras(empty, rowsOf));
    });
    return { value: tf.sub(own, value), gradFunc: (dy: tf.Tensor) => [dy.clone()] };
  });
  return less(prediction) as tf.Tensor4D;
}

/** What the caption changes, `guidance` times; the caller disposes it. */
function differences(
  own: tf.Tensor4D,
  guidance: tf.Tensor1D,
  unconditional: (rowsOf: RowsOf) => tf.Tensor4D,
): tf.Tensor4D {
  const B = own.shape[0];
  const int32 = (value: number) => tf.scalar(value, 'int32');
  // As many as there can be among rows in a row.
  const slots = Math.ceil(B / EVERY);
  return tf.tidy(() => {
    const first = tf.argMax<tf.Tensor>(guidance); // the first one, if several are largest
    const places = tf.add(tf.range(0, slots * EVERY, EVERY, 'int32'), first);
    const rows = tf.minimum<tf.Tensor1D>(places, int32(B - 1));
    const rowsOf: RowsOf = (whole) => gatherRows(whole, rows) as typeof whole;
    const guided = tf.sub(rowsOf(own), unconditional(rowsOf));
    // Each back to its row; those between, whose weight is 0, take any.
    const slot = tf.floorDiv(tf.sub(tf.range(0, B, 1, 'int32'), first), int32(EVERY));
    const slotOf = tf.minimum(tf.maximum(slot, int32(0)), int32(slots - 1)) as tf.Tensor1D;
    const weights = tf.reshape(guidance, [B, 1, 1, 1]);
    return tf.mul<tf.Tensor4D>(gatherRows(guided, slotOf) as tf.Tensor4D, weights);
  });
}
