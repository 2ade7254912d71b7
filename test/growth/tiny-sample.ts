import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { Generator, randn } from '../../lib/random';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { TINY_UNET } from '../support/tiny-configs';

/** Two images of a small UNet with random weights, by whatever backend there is: 2 · 8 · 8 numbers. */
export function tinySample(seed: number): number[] {
  const generator = new Generator(seed);
  const unet = new UNet2DConditionModel(TINY_UNET, generator.stream('init'));
  const scheduler = new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
  scheduler.setTimesteps(4);
  const predict = jit(unet.forward.bind(unet), { name: 'predict' });
  const keys = generator.stream('sampling');
  const numbers = tf.tidy(() => {
    const context = randn<tf.Rank.R3>([2, 5, 32], keys.next());
    let x = randn<tf.Rank.R4>([2, 8, 8, 1], keys.next());
    for (const t of scheduler.timesteps) {
      const prediction = predict(x, tf.tensor1d([t, t], 'int32'), context);
      const noise = randn<tf.Rank.R4>([2, 8, 8, 1], keys.next());
      x = scheduler.step(prediction, t, x, noise).prevSample as tf.Tensor4D;
    }
    return [...x.dataSync()];
  });
  predict.dispose();
  unet.dispose();
  return numbers;
}
