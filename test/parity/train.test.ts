import ndarray from 'ndarray';
import path from 'node:path';
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { normalize, toTensor } from '../../lib/datasets/transforms';
import { EMOJI_UNET_CONFIG } from '../../lib/emoji/presets';
import { loadEmoji } from '../../lib/image-datasets/emoji/load-emoji';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { AdamW } from '../../lib/optim/adamw';
import { BLOG_UNET_CONFIG } from '../../lib/mnist/presets';
import { RECIPES } from '../../lib/mnist/recipes';
import { Generator, randint, randn } from '../../lib/random';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { TrainStep } from '../../lib/training/train-step';
import { FixedObjective, rowsOf } from '../support/fixed-objective';
import { quickMnist } from '../support/tiny-model';
import {
  MINUTES_10,
  readTensors,
  runPython,
  temporaryFolder,
  writeJson,
  writeTensors,
} from './python';

const STEPS = 12;
const BATCH = 4;

/** A UNet, what its training asks of it, and pictures of its size. */
const kinds = {
  'the blog’s UNet': {
    config: BLOG_UNET_CONFIG,
    scheduler: RECIPES.blog.scheduler,
    tokens: 8,
    pictures: quickMnist,
  },
  'the colour UNet of emoji': {
    config: EMOJI_UNET_CONFIG,
    scheduler: RECIPES.emoji.scheduler,
    tokens: 16,
    pictures: () => loadEmoji({ categories: ['Food & Drink'] }),
  },
} as const;
type Kind = (typeof kinds)[keyof typeof kinds];

/** The batches of all steps: real pictures, and everything random from a stream for each step. */
function batchesOf({ config, tokens, pictures }: Kind) {
  const { sample_size: size, in_channels: channels, cross_attention_dim: width } = config;
  const shape: [number, number, number, number] = [BATCH, size, size, channels];
  const length = BATCH * size * size * channels;
  const { data } = pictures().images;
  return Array.from({ length: STEPS }, (_, i) => {
    const stream = new Generator(i).stream('sampling');
    const chosen = ndarray(data.slice(i * length, (i + 1) * length), shape);
    return {
      images: tf.tensor4d(normalize(toTensor(chosen)).data, shape),
      noise: randn<tf.Rank.R4>(shape, stream.next()),
      timesteps: randint<tf.Rank.R1>([BATCH], 0, 1000, stream.next()),
      context: randn<tf.Rank.R3>([BATCH, tokens, width], stream.next()),
    };
  });
}

/** The losses of our traced steps. */
function ourLosses(unet: UNet2DConditionModel, kind: Kind): number[] {
  const noiseScheduler = new DDPMScheduler(kind.scheduler);
  const objective = new FixedObjective({ unet, noiseScheduler });
  const optimizer = new AdamW(objective.parameters);
  const step = new TrainStep({ objective, optimizer });
  const losses = tf.tidy(() =>
    batchesOf(kind).map(({ images: latents, context: encoderHiddenStates, ...batch }) => {
      objective.set({ ...batch, latents, encoderHiddenStates });
      const loss = step.accumulate(rowsOf(BATCH), 1, true);
      step.apply(1e-3, 1);
      return loss;
    }),
  );
  [step, optimizer, objective].forEach((part) => part.dispose());
  return losses;
}

it.each(Object.entries<Kind>(kinds))(
  'twelve traced steps of %s have the losses of PyTorch and diffusers',
  (_, kind) => {
    const folder = temporaryFolder();
    const unet = new UNet2DConditionModel(kind.config, new Generator(5).stream('init'));
    unet.savePretrained(path.join(folder, 'unet'));
    writeJson(path.join(folder, 'scheduler_config.json'), kind.scheduler);
    tf.tidy(() => {
      const batches = batchesOf(kind).map((batch, i) =>
        Object.entries(batch).map(([key, tensor]) => [`${i}.${key}`, tensor] as const),
      );
      writeTensors(path.join(folder, 'batches.safetensors'), Object.fromEntries(batches.flat()));
    });
    runPython('train.py', folder);
    const expected = readTensors(path.join(folder, 'out.safetensors')).get('losses')!.data;
    const losses = ourLosses(unet, kind);
    unet.dispose();
    expect(losses).toHaveLength(STEPS);
    losses.forEach((loss, i) => {
      expect(Math.abs(loss / expected[i]! - 1), `loss of step ${i}`).toBeLessThanOrEqual(1e-4);
    });
  },
  MINUTES_10,
);
