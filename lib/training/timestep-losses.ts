import { tf } from '../backend';
import { randn, type RandomStream } from '../random';
import { inPieces, type Pieces } from '../pieces';
import { diffusionLoss, type DiffusionLossParts } from './diffusion-loss';
import { requireRecord, requireTensors } from '../options';

export interface TimestepLossParts {
  readonly unet: DiffusionLossParts['unet'];
  /** The training's: it says what the model predicts. */
  readonly scheduler: DiffusionLossParts['noiseScheduler'];
}

/** What `timestepLosses` finds at one time step. */
export interface TimestepLossResult {
  readonly timestep: number;
  readonly loss: number;
}

export interface TimestepLossesOptions {
  /** Whether a notebook shows a bar. Default true. */
  readonly progressBar?: boolean;
}

/**
 * The training's loss (the mean squared error of what the model predicts) at given time steps, each over the
 * same images with fresh noise.
 *
 * @param images [B, H, W, C] in [−1, 1]
 * @param encoderHiddenStates [B, S, cross_attention_dim], the images' captions
 * @param timesteps integers from 0 to num_train_timesteps − 1
 * @throws TypeError if parts are missing; Interrupted if Stop was pressed
 */
export async function timestepLosses(
  parts: TimestepLossParts,
  images: tf.Tensor4D,
  encoderHiddenStates: tf.Tensor3D,
  timesteps: readonly number[],
  stream: RandomStream,
  { progressBar = true }: TimestepLossesOptions = {},
): Promise<TimestepLossResult[]> {
  requireRecord('timestepLosses', parts, '{ unet, scheduler }', ['unet', 'scheduler']);
  requireTensors('timestepLosses', { images, encoderHiddenStates });
  const { unet, scheduler: noiseScheduler } = parts;
  function* pieces(): Pieces<TimestepLossResult[]> {
    const losses: TimestepLossResult[] = [];
    for (const timestep of timesteps) {
      const loss = tf.tidy(() => {
        const batch = {
          latents: images,
          noise: randn<tf.Rank.R4>(images.shape, stream.next()),
          timesteps: tf.fill<tf.Rank.R1>([images.shape[0]], timestep, 'int32'),
          encoderHiddenStates,
        };
        return diffusionLoss({ unet, noiseScheduler }, batch).dataSync()[0]!;
      });
      losses.push({ timestep, loss });
      yield 1;
    }
    return losses;
  }
  const bar = { description: 'losses', unit: 'time step' };
  return inPieces(pieces(), timesteps.length, bar, progressBar);
}
