import path from 'node:path';
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { DataLoader } from '../../lib/datasets/data-loader';
import { loadMnist } from '../../lib/datasets/mnist';
import { captionOf, normalize, toTensor } from '../../lib/datasets/transforms';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { namedParameters } from '../../lib/nn/state-dict';
import { AdamW } from '../../lib/optim/adamw';
import { loadCheckpoint, saveCheckpoint } from '../../lib/pipelines/checkpoint';
import { BLOG_UNET_CONFIG, SMALL_TEXT_CONFIG, SMALL_TOKENIZER } from '../../lib/presets';
import { Generator, randint, randn } from '../../lib/random';
import { RECIPES } from '../../lib/recipes';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { CaptionTable } from '../../lib/training/captions';
import { TrainStep } from '../../lib/training/train-step';
import { MINUTES_10, readTensors, runPython, temporaryFolder, writeTensors } from './python';

const STEPS = 4;
const BATCH = 4;
const { learningRate } = RECIPES.blog.trainer;
const mnist = loadMnist({ split: 'train', source: 'full' });
const captions = Array.from({ length: 10 }, (_, digit) => captionOf(digit));

/** Rows of MNIST from all over the set, and everything random from a stream of its own. */
function drawsOf(i: number) {
  const stream = new Generator(i).stream('sampling');
  return {
    rows: randint<tf.Rank.R1>([BATCH], 0, mnist.length, stream.next()),
    noise: randn<tf.Rank.R4>([BATCH, 28, 28, 1], stream.next()),
    timesteps: randint<tf.Rank.R1>([BATCH], 0, 1000, stream.next()),
  };
}

function ourLosses(folder: string): number[] {
  const { unet, textEncoder, tokenizer, scheduler } = loadCheckpoint(folder);
  const parameters = new Map([
    ...[...namedParameters(unet)].map(([name, p]) => [`unet.${name}`, p] as const),
    ...[...namedParameters(textEncoder)].map(([name, p]) => [`text.${name}`, p] as const),
  ]);
  const optimizer = new AdamW(parameters, { lr: learningRate });
  const table = new CaptionTable({
    tokenizer,
    textEncoder,
    captions,
    maxLength: 8,
    trainTextEncoder: true,
  });
  const parts = { unet, captions: table, noiseScheduler: scheduler, optimizer, parameters };
  const step = new TrainStep(parts);
  const losses = Array.from({ length: STEPS }, (_, i) =>
    tf.tidy(() => {
      const { rows, noise, timesteps } = drawsOf(i);
      const chosen = [...rows.dataSync()];
      const images = tf.concat(
        chosen.map((row) => {
          const { data, shape } = normalize(toTensor(mnist.images.lo(row, 0, 0).hi(1, 28, 28)));
          return tf.tensor4d(data, shape as [number, number, number, number]);
        }),
      );
      const labels = tf.tensor1d(
        chosen.map((row) => mnist.labels[row]!),
        'int32',
      );
      const batch = { images, labels, noise, timesteps };
      const loss = step.accumulate(batch, 1, true).loss.dataSync()[0]!;
      step.apply(tf.scalar(1));
      return loss;
    }),
  );
  for (const part of [step, optimizer, table, unet, textEncoder]) part.dispose();
  return losses;
}

/** What the trainer draws for a step, counted from 0, of the recipe's batches. */
function trainerDraws(step: number) {
  const { batchSize, seed } = RECIPES.blog.trainer;
  const loader = new DataLoader(mnist, { batchSize, seed });
  const epoch = Math.floor(step / loader.length);
  loader.loadState({ epoch, position: (step % loader.length) * batchSize });
  const [batch] = loader;
  const generator = new Generator(seed);
  const noiseKey = generator.stream('noise').at(step + 1);
  const timestepsKey = generator.stream('timesteps').at(step + 1);
  return tf.tidy(() => ({
    rows: [...batch!.indices],
    noise: randn([batchSize, 28, 28, 1], noiseKey).dataSync(),
    timesteps: [...randint([batchSize], 0, 1000, timestepsKey).dataSync()],
  }));
}

const folder = temporaryFolder();

it(
  "the recipe 'blog' and scripts/blog_loop.py have the same losses for the same draws",
  () => {
    const init = new Generator(6).stream('init');
    const unet = new UNet2DConditionModel(BLOG_UNET_CONFIG, init);
    const textEncoder = new CLIPTextModel(SMALL_TEXT_CONFIG, init);
    const tokenizer = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER);
    const scheduler = new DDPMScheduler(RECIPES.blog.scheduler);
    const model = path.join(folder, 'model');
    saveCheckpoint(model, { unet, textEncoder, tokenizer, scheduler });
    unet.dispose();
    textEncoder.dispose();
    tf.tidy(() => {
      const draws = Array.from({ length: STEPS }, (_, i) =>
        Object.entries(drawsOf(i)).map(([key, tensor]) => [`${i}.${key}`, tensor] as const),
      );
      writeTensors(path.join(folder, 'batches.safetensors'), Object.fromEntries(draws.flat()));
    });
    runPython('blog_loop.py', folder);
    const expected = readTensors(path.join(folder, 'out.safetensors')).get('losses')!.data;
    ourLosses(model).forEach((loss, i) => {
      expect(Math.abs(loss / expected[i]! - 1), `loss of step ${i}`).toBeLessThanOrEqual(1e-4);
    });
  },
  MINUTES_10,
);

it.each([2, 1000])('--draws library draws what the trainer draws for step %i', (step) => {
  const found = readTensors(path.join(folder, 'out.safetensors'));
  const numbers = (name: string) => found.get(`${step}.${name}`)!.data;
  const { rows, noise, timesteps } = trainerDraws(step);
  expect([...numbers('rows')]).toEqual(rows);
  expect([...numbers('timesteps')]).toEqual(timesteps);
  expect(numbers('noise')).toBeCloseToMax(noise, 1e-6);
});
