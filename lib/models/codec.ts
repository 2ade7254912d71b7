/**
 * What stands between pixels and what is diffused. Here images are diffused as they are (`pixelCodec`); a VAE, or
 * anything else that makes images smaller, is another codec.
 */
import type { tf } from '../backend';

export interface Codec {
  /**
   * The shape of an image's latent.
   *
   * @param imageShape [H, W, C] in pixels
   * @returns [h, w, c]
   * @throws RangeError if it takes no images of that shape
   */
  latentShape(imageShape: readonly [number, number, number]): [number, number, number];
  /** @param images [B, H, W, C] in [−1, 1] @returns [B, h, w, c]; the caller disposes it */
  encode(images: tf.Tensor4D): tf.Tensor4D;
  /** @param latents [B, h, w, c] @returns images [B, H, W, C], about [−1, 1]; the caller disposes it */
  decode(latents: tf.Tensor4D): tf.Tensor4D;
}

/** Diffuses the pixels themselves. */
export const pixelCodec: Codec = {
  latentShape: ([height, width, channels]) => [height, width, channels],
  encode: (images) => images.clone(),
  decode: (latents) => latents.clone(),
};
