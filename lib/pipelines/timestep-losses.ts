import { tf } from '../backend';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { randn, type RandomStream } from '../random';
import { predictionTarget, type TargetScheduler } from '../schedulers/forward-process';
import type { Scheduler } from '../schedulers/scheduler';

export interface TimestepLossParts {
  readonly unet: UNet2DConditionModel;
  /** That of the training: it says what the model predicts. */
  readonly scheduler: TargetScheduler & Pick<Scheduler, 'addNoise'>;
}

/**
 * The training's loss (the mean squared error of what the model predicts) at given time steps, each over the
 * same images with fresh noise.
 *
 * @param images [B, H, W, C] in [−1, 1]
 * @param context [B, S, cross_attention_dim], the images' captions
 * @param timesteps integers from 0 to num_train_timesteps − 1
 */
export function timestepLosses(
  { unet, scheduler }: TimestepLossParts,
  images: tf.Tensor4D,
  context: tf.Tensor3D,
  timesteps: readonly number[],
  stream: RandomStream,
): { readonly timestep: number; readonly loss: number }[] {
  return timesteps.map((timestep) =>
    tf.tidy(() => {
      const t = tf.fill<tf.Rank.R1>([images.shape[0]], timestep, 'int32');
      const noise = randn<tf.Rank.R4>(images.shape, stream.next());
      const output = unet.forward(scheduler.addNoise(images, noise, t), t, context);
      const target = predictionTarget(scheduler, images, noise, t);
      const error = tf.mean(tf.squaredDifference(output, target));
      return { timestep, loss: error.dataSync()[0]! };
    }),
  );
}
