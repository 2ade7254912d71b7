/** From noise in the shape of latents to images on the host. */
import ndarray from 'ndarray';
import { tf } from '../backend';
import { Images } from '../images/images';
import type { Codec } from '../models/codec';
import { latentChannels, type ChannelConfig } from '../models/inpainting-unet';
import { randn, type RandomKey } from '../random';

export type Shape4D = [number, number, number, number];

/** What a model says of the latents that it is trained on. */
export interface LatentConfig extends ChannelConfig {
  /** Height and width; null: a size must be given. */
  readonly sample_size: number | readonly number[] | null;
}

/**
 * The shape of `count` latents.
 *
 * @param size height and width of the images; default: the latents' own
 * @throws Error if neither is known
 */
export function latentShape(
  config: LatentConfig,
  codec: Codec,
  count: number,
  size: readonly [number, number] | undefined,
): Shape4D {
  const { sample_size } = config;
  const channels = latentChannels(config);
  if (size) return [count, ...codec.latentShape([...size, channels])];
  if (sample_size === null) {
    throw new Error(
      "TextToImagePipeline: the UNet's config has no sample_size; pass size: [H, W].",
    );
  }
  const [height, width] =
    typeof sample_size === 'number' ? [sample_size, sample_size] : sample_size;
  return [count, height!, width!, channels];
}

/** Pure noise; the caller disposes it. */
export function startingNoise(shape: Shape4D, key: RandomKey, sigma: number): tf.Tensor4D {
  return tf.tidy(() => tf.mul(randn<tf.Rank.R4>(shape, key), sigma));
}

/**
 * Images of latents: decoded, from [−1, 1] to [0, 1], clipped, on the host.
 *
 * @throws Error if a number is not finite
 */
export function toImages(codec: Codec, latents: tf.Tensor4D): Images {
  const images = tf.tidy(() =>
    tf.clipByValue(tf.add(tf.mul(codec.decode(latents), 0.5), 0.5), 0, 1),
  );
  const data = images.dataSync();
  images.dispose();
  if (!data.every(Number.isFinite)) {
    throw new Error('The images hold NaN: the weights are broken, or guidanceScale is too large.');
  }
  return new Images(ndarray(data as Float32Array, [...images.shape]));
}
