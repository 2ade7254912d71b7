import { tf } from '../backend';
import { randn, type RandomStream } from '../random';
import { diffusionLoss, type DiffusionLossParts } from './diffusion-loss';

export interface TimestepLossParts {
  readonly unet: DiffusionLossParts['unet'];
  /** The training's: it says what the model predicts. */
  readonly scheduler: DiffusionLossParts['noiseScheduler'];
}

/**
 * The training's loss (the mean squared error of what the model predicts) at given time steps, each over the
 * same images with fresh noise.
 *
 * @param images [B, H, W, C] in [−1, 1]
 * @param encoderHiddenStates [B, S, cross_attention_dim], the images' captions
 * @param timesteps integers from 0 to num_train_timesteps − 1
 */
export function timestepLosses(
  { unet, scheduler: noiseScheduler }: TimestepLossParts,
  images: tf.Tensor4D,
  encoderHiddenStates: tf.Tensor3D,
  timesteps: readonly number[],
  stream: RandomStream,
): { readonly timestep: number; readonly loss: number }[] {
  return timesteps.map((timestep) =>
    tf.tidy(() => {
      const batch = {
        latents: images,
        noise: randn<tf.Rank.R4>(images.shape, stream.next()),
        timesteps: tf.fill<tf.Rank.R1>([images.shape[0]], timestep, 'int32'),
        encoderHiddenStates,
      };
      return { timestep, loss: diffusionLoss({ unet, noiseScheduler }, batch).dataSync()[0]! };
    }),
  );
}
