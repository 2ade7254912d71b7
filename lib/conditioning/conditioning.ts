/**
 * What a prediction depends on beside the noisy sample and the time step: batch-first tensors by name.
 *
 * `encoderHiddenStates` is the text; every other name is handed to the model's `forward` as an extra, so that a
 * model that takes more (residuals of a control net, an image to change) needs no other trainer or sampler.
 */
import { tf } from '../backend';

/** Batch-first tensors, [B, …]: alone, or several under one name. */
export interface ModelExtras {
  readonly [name: string]: tf.Tensor | readonly tf.Tensor[] | undefined;
}

/** The same names with what `of` gives for each tensor. */
export function mapExtras<E extends ModelExtras>(extras: E, of: (x: tf.Tensor) => tf.Tensor): E {
  const entries = Object.entries(extras).map(([name, value]) => {
    const mapped = value instanceof tf.Tensor ? of(value) : value?.map(of);
    return [name, mapped] as const;
  });
  return Object.fromEntries(entries) as ModelExtras as E;
}

export interface Conditioning extends ModelExtras {
  /** The text's embedding, [B, L, C]. */
  readonly encoderHiddenStates: tf.Tensor3D;
}

/** A model that predicts the noise (or image, or velocity) in a sample; `UNet2DConditionModel` is one. */
export interface Denoiser {
  /**
   * @param sample [B, H, W, C]
   * @param timestep int32 or float32 [B]
   * @param encoderHiddenStates [B, L, C]
   * @param extras batch-first tensors by name, as far as the model knows them
   * @returns [B, H, W, C]; the caller disposes it
   */
  forward(
    sample: tf.Tensor4D,
    timestep: tf.Tensor1D,
    encoderHiddenStates: tf.Tensor3D,
    extras?: ModelExtras,
  ): tf.Tensor4D;
}

/** Calls the model with all that it depends on. */
export function predict(
  model: Denoiser,
  sample: tf.Tensor4D,
  timestep: tf.Tensor1D,
  { encoderHiddenStates, ...extras }: Conditioning,
): tf.Tensor4D {
  return model.forward(sample, timestep, encoderHiddenStates, extras);
}
