/** What was disposed says so, used or shown. */
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import * as sd from '../../lib/notebook';
import { quickMnist, tinyParts } from '../support/tiny-model';

type Bundle = Record<string, string>;
const display = async (value: object): Promise<Bundle> =>
  (await (value as Record<symbol, () => unknown>)[Symbol.for('Jupyter.display')]!()) as Bundle;

const alive = tinyParts();
const parts = () => {
  const { scheduler, ...models } = tinyParts();
  return { ...models, noiseScheduler: scheduler, dataset: quickMnist() };
};
const drawing = { seed: 1, numInferenceSteps: 2 };
const sample = sd.tf.zeros<sd.tf.Rank.R4>([1, 28, 28, 1]);
const gone = (what: string, how = 'was') =>
  `${what} ${how} disposed, its tensors are freed. Make or load it again`;

const { unet, textEncoder } = tinyParts();
const disposedParts = { ...alive, unet, textEncoder };
const pipeline = new sd.TextToImagePipeline(disposedParts);
const optimizer = new sd.AdamW(sd.namedParameters(alive.textEncoder));
const ema = new sd.EMAModel(sd.namedParameters(alive.textEncoder));
const judge = sd.Judge.load(sd.SHIPPED_JUDGE);
const objective = new sd.TextToImageObjective(parts());
const trainer = new sd.Trainer(objective, { batchSize: 2, seed: 1 });
const left = new sd.TextToImageObjective(parts());
const leftTrainer = new sd.Trainer(left, { batchSize: 2, seed: 1 });

beforeAll(() => {
  for (const each of [unet, textEncoder, optimizer, ema, judge, trainer, left]) each.dispose();
});

const uses: [what: string, use: () => unknown, message: string][] = [
  [
    'a UNet',
    () => unet.forward(sample, sd.tf.tensor1d([1], 'int32'), sd.tf.zeros([1, 8, 32])),
    `UNet2DConditionModel.forward: ${gone('the model (UNet2DConditionModel)')}`,
  ],
  [
    'its weights',
    () => sd.stateDict(unet),
    `stateDict: ${gone('the model (UNet2DConditionModel)')}`,
  ],
  [
    'a text encoder',
    () => textEncoder.forward(sd.tf.zeros([1, 8], 'int32')),
    `CLIPTextModel: ${gone('the model (CLIPTextModel)')}`,
  ],
  ['an optimizer', () => optimizer.step(new Map()), `AdamW.step: ${gone('the optimizer (AdamW)')}`],
  ['its state', () => optimizer.stateDict(), 'AdamW.stateDict: the optimizer (AdamW) was disposed'],
  ['a new one of its parameters', () => new sd.AdamW(sd.namedParameters(unet)), 'AdamW: expected parameters that are alive, but conv_in.weight was disposed'], // prettier-ignore
  ['an average', () => ema.copyTo(), `EMAModel.copyTo: ${gone('the average (EMAModel)')}`],
  [
    'a judge',
    () => judge.judge(quickMnist().images as never),
    `Judge: ${gone('the judge (Judge)')}`,
  ],
  [
    'prompts',
    () => pipeline.encodePrompt('4'),
    `encodePrompt: ${gone('textEncoder (CLIPTextModel)')}`,
  ],
  [
    'a new pipeline',
    () => new sd.TextToImagePipeline(disposedParts),
    'TextToImagePipeline: unet (UNet2DConditionModel), textEncoder (CLIPTextModel) were disposed',
  ],
  ['a pipeline', () => pipeline.generate('4', drawing), 'generate: unet (UNet2DConditionModel), textEncoder'], // prettier-ignore
  [
    'a pipeline that shares it',
    () =>
      sd.ImageToImagePipeline.fromPipe(pipeline).generate('4', {
        ...drawing,
        image: quickMnist().images.pick(0) as never,
        strength: 0.5,
      }),
    'generate: unet (UNet2DConditionModel), textEncoder',
  ],
  [
    'a trainer',
    () => trainer.fit({ maxSteps: 1 }),
    `Trainer.fit: ${gone('the trainer (Trainer)')}`,
  ],
  [
    'a trainer of what was',
    () => leftTrainer.fit({ maxSteps: 1 }),
    `Trainer.fit: ${gone('objective (TextToImageObjective)')}`,
  ],
];

describe('what was disposed is refused', () => {
  it.each(uses)('%s', async (_, use, message) => {
    await expect(Promise.resolve().then(use)).rejects.toThrow(message);
  });

  it('before anything is made: no tensor is left behind', async () => {
    const before = sd.tf.memory().numTensors;
    await pipeline.generate('4', drawing).catch(() => {});
    await trainer.fit({ maxSteps: 1 }).catch(() => {});
    expect(sd.tf.memory().numTensors).toBe(before);
  });
});

describe('what was disposed is shown so', () => {
  it.each<[object, string]>([
    [unet, 'UNet2DConditionModel, disposed'],
    [textEncoder, 'CLIPTextModel, disposed'],
    [optimizer, 'AdamW, disposed'],
    [ema, 'EMAModel, disposed'],
    [trainer, 'Trainer, disposed'],
    [left, 'TextToImageObjective, disposed'],
    [pipeline, 'TextToImagePipeline, disposed'],
  ])('%o', async (value, title) => {
    const bundle = await display(value);
    expect(bundle['text/plain']!.split('\n')[0]).toBe(title);
    expect(bundle['text/html']).toContain(`<strong>${title}</strong>`);
    expect(inspect(value)).toMatch(new RegExp(`^${title}\n`));
    expect(inspect({ value })).toContain(`[${title}]`);
  });

  it('tells which part of a pipeline or of a training it is', async () => {
    expect(inspect(pipeline)).toMatch(/\nunet +UNet2DConditionModel, disposed\n/);
    expect(inspect(leftTrainer)).toMatch(/\nobjective +TextToImageObjective, disposed\n/);
    expect((await display(unet))['text/plain']).toMatch(/weights +freed; run the cell again/);
    expect((await display(unet))['text/html']).not.toContain('conv_in');
  });

  it('and what is alive, is not', async () => {
    const living = new sd.TextToImagePipeline(alive);
    living.dispose(); // the models are the caller's
    for (const value of [alive.unet, alive.textEncoder, objective, living])
      expect((await display(value))['text/plain']).not.toContain('disposed');
    expect((await living.generate('4', { ...drawing, progressBar: false })).images.shape[0]).toBe(
      1,
    );
    living.dispose();
  });
});
