import path from 'node:path';
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { normalize, toTensor } from '../../lib/datasets/transforms';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { AdamW } from '../../lib/optim/adamw';
import { BLOG_UNET_CONFIG } from '../../lib/mnist/presets';
import { Generator, randint, randn } from '../../lib/random';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { TrainStep } from '../../lib/training/train-step';
import { FixedObjective, rowsOf } from '../support/fixed-objective';
import { quickMnist } from '../support/tiny-model';
import { MINUTES_10, readTensors, runPython, temporaryFolder, writeTensors } from './python';

const STEPS = 12;
const BATCH = 4;

/** The batch of step i: real digits, and everything random from a stream of its own. */
function batchOf(i: number) {
  const stream = new Generator(i).stream('sampling');
  const chosen = quickMnist()
    .images.lo(BATCH * i, 0, 0)
    .hi(BATCH, 28, 28);
  return {
    images: tf.tensor4d(normalize(toTensor(chosen)).data, [BATCH, 28, 28, 1]),
    noise: randn<tf.Rank.R4>([BATCH, 28, 28, 1], stream.next()),
    timesteps: randint<tf.Rank.R1>([BATCH], 0, 1000, stream.next()),
    context: randn<tf.Rank.R3>([BATCH, 8, 512], stream.next()),
  };
}

/** The losses of our traced steps. */
function ourLosses(unet: UNet2DConditionModel): number[] {
  const noiseScheduler = new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
  const objective = new FixedObjective({ unet, noiseScheduler });
  const optimizer = new AdamW(objective.parameters);
  const step = new TrainStep({ objective, optimizer });
  const losses = Array.from({ length: STEPS }, (_, i) =>
    tf.tidy(() => {
      const { images: latents, context: encoderHiddenStates, ...batch } = batchOf(i);
      objective.set({ ...batch, latents, encoderHiddenStates });
      const loss = step.accumulate(rowsOf(BATCH), 1, true);
      step.apply(1e-3, 1);
      return loss;
    }),
  );
  [step, optimizer, objective].forEach((part) => part.dispose());
  return losses;
}

it(
  "twelve traced steps of the blog's UNet have the losses of PyTorch and diffusers",
  () => {
    const folder = temporaryFolder();
    const unet = new UNet2DConditionModel(BLOG_UNET_CONFIG, new Generator(5).stream('init'));
    unet.savePretrained(path.join(folder, 'unet'));
    tf.tidy(() => {
      const batches = Array.from({ length: STEPS }, (_, i) =>
        Object.entries(batchOf(i)).map(([key, tensor]) => [`${i}.${key}`, tensor] as const),
      );
      writeTensors(path.join(folder, 'batches.safetensors'), Object.fromEntries(batches.flat()));
    });
    runPython('train.py', folder);
    const expected = readTensors(path.join(folder, 'out.safetensors')).get('losses')!.data;
    const losses = ourLosses(unet);
    unet.dispose();
    losses.forEach((loss, i) => {
      expect(Math.abs(loss / expected[i]! - 1), `loss of step ${i}`).toBeLessThanOrEqual(1e-4);
    });
  },
  MINUTES_10,
);
