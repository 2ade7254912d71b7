import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { timestepLosses } from '../../lib/training/timestep-losses';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { BLOG_SCHEDULER_CONFIG, BLOG_UNET_CONFIG } from '../../lib/mnist/presets';
import { Generator, randn } from '../../lib/random';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';

describe('timestepLosses', () => {
  const unet = new UNet2DConditionModel(BLOG_UNET_CONFIG, new Generator(3).stream('init'));
  const scheduler = new DDPMScheduler(BLOG_SCHEDULER_CONFIG);
  const images = tf.zeros<tf.Rank.R4>([2, 28, 28, 1]);
  const context = tf.zeros<tf.Rank.R3>([2, 8, 512]);
  const noises = () => new Generator(5).stream('noise');

  it('are the errors of the predictions, each with its own noise', async () => {
    const losses = await timestepLosses({ unet, scheduler }, images, context, [10, 900], noises());
    expect(losses.map(({ timestep }) => timestep)).toEqual([10, 900]);
    const stream = noises();
    for (const { timestep, loss } of losses) {
      const noise = randn<tf.Rank.R4>([2, 28, 28, 1], stream.next());
      const alpha = scheduler.alphasCumprod[timestep]!;
      const noisy = noise.mul(Math.sqrt(1 - alpha)) as tf.Tensor4D; // of black images
      const times = tf.tensor1d([timestep, timestep], 'int32');
      const output = Array.from(unet.forward(noisy, times, context).dataSync());
      const target = noise.dataSync();
      const mean = output.reduce((sum, y, i) => sum + (y - target[i]!) ** 2, 0) / output.length;
      expect(loss).toBeCloseTo(mean, 4);
    }
  });

  it.each([
    ['sample', (_noise: number) => 0.5],
    [
      'v_prediction',
      (noise: number, alpha: number) => Math.sqrt(alpha) * noise - Math.sqrt(1 - alpha) * 0.5,
    ],
  ] as const)('are those of what the model predicts: %s', async (prediction_type, targetOf) => {
    const other = new DDPMScheduler({ ...BLOG_SCHEDULER_CONFIG, prediction_type });
    const grey = tf.fill<tf.Rank.R4>([2, 28, 28, 1], 0.5);
    const [found] = await timestepLosses(
      { unet, scheduler: other },
      grey,
      context,
      [700],
      noises(),
    );
    const noise = randn<tf.Rank.R4>([2, 28, 28, 1], noises().next());
    const alpha = other.alphasCumprod[700]!;
    const noisy = noise.mul(Math.sqrt(1 - alpha)).add(0.5 * Math.sqrt(alpha)) as tf.Tensor4D;
    const output = unet.forward(noisy, tf.tensor1d([700, 700], 'int32'), context).dataSync();
    const errors = Array.from(noise.dataSync(), (n, i) => (output[i]! - targetOf(n, alpha)) ** 2);
    expect(found!.loss).toBeCloseTo(errors.reduce((sum, error) => sum + error) / errors.length, 4);
  });

  it('leaks nothing', async () => {
    const before = tf.memory().numTensors;
    await timestepLosses({ unet, scheduler }, images, context, [1, 2], noises());
    expect(tf.memory().numTensors).toBe(before);
  });
});
