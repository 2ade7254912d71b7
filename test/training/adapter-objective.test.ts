/** An adapter trained by itself: the models stay, checkpoints hold the adapter, a cut run goes on to the bit. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { readSafetensors, toFloat32Array } from '../../lib/io/safetensors';
import { addAdapter, setAdapters } from '../../lib/nn/lora/adapters';
import { fuseLora } from '../../lib/nn/lora/fuse';
import { adapterChange } from '../../lib/nn/lora/weights';
import { stateDict } from '../../lib/nn/state-dict';
import { saveLoraWeights } from '../../lib/pretrained/lora';
import { AdapterObjective } from '../../lib/training/adapter-objective';
import { latestCheckpoint, resumeTraining, saveTraining } from '../../lib/training/checkpoints';
import { Trainer } from '../../lib/training/trainer';
import { temporaryFolder } from '../parity/python';
import { ATTENTION } from '../support/lora';
import { disposeTrainers, tinyObjective } from './tiny-trainer';

afterEach(disposeTrainers);

const config = {
  r: 2,
  loraAlpha: 2,
  targetModules: ATTENTION,
  initLoraWeights: 'gaussian',
} as const;
const options = { batchSize: 4, learningRate: 1e-2, seed: 3 };

function adapted(initSeed = 0) {
  const inner = tinyObjective({ trainTextEncoder: false }, {}, initSeed);
  addAdapter(inner.unet, config, 'style');
  return { inner, objective: new AdapterObjective(inner, 'style') };
}

const weights = ({ parameters }: AdapterObjective) =>
  [...parameters.values()].map((v) => [...v.dataSync()]);

it('changes the adapter and no weight of the models', async () => {
  const { inner, objective } = adapted();
  const models = { unet: inner.unet, textEncoder: inner.textEncoder };
  const before = stateDict(models);
  const trainer = new Trainer(objective, options);
  const { steps } = await trainer.fit({ maxSteps: 3 });
  expect(steps).toHaveLength(3);
  expect(stateDict(models)).toEqual(before);
  for (const { layer, normB } of adapterChange(inner.unet, 'style')) {
    expect(normB, layer).toBeGreaterThan(0);
  }
  trainer.dispose();
});

it('goes on from a checkpoint to the bit, which holds the adapter alone', async () => {
  const folder = path.join(temporaryFolder(), 'run');
  const straight = adapted().objective;
  const whole = new Trainer(straight, options);
  await whole.fit({ maxSteps: 5 });
  const first = new Trainer(adapted().objective, options);
  await first.fit({ maxSteps: 2 });
  saveTraining(folder, first);
  const saved = latestCheckpoint(folder)!;
  expect(readdirSync(saved).sort()).toEqual([
    'lora',
    'manifest.json',
    'model_index.json',
    'training',
  ]);
  const { tensors } = readSafetensors(path.join(saved, 'lora', 'model.safetensors'));
  expect([...tensors.keys()][0]).toMatch(/^unet\..*lora_[AB]\.weight$/);
  expect(existsSync(path.join(saved, 'unet'))).toBe(false);
  const later = adapted().objective;
  const second = new Trainer(later, options);
  expect(resumeTraining(folder, second)).toBe(2);
  await second.fit({ maxSteps: 5 });
  expect(weights(later)).toEqual(weights(straight));
  const onOther = new Trainer(adapted(9).objective, options);
  expect(() => resumeTraining(folder, onOther)).toThrow(/unet\.sha256/);
  [whole, first, second, onOther].forEach((trainer) => trainer.dispose());
});

it('refuses an adapter that is not there, not computed, fused, or on a frozen model', () => {
  const inner = tinyObjective({ trainTextEncoder: false });
  expect(() => new AdapterObjective(inner)).toThrow(/none of unet, text_encoder/);
  addAdapter(inner.textEncoder, { r: 2, targetModules: ['q_proj'] });
  expect(() => new AdapterObjective(inner)).toThrow(/text_encoder to be trained/);
  addAdapter(inner.unet, config, 'style');
  setAdapters(inner.unet, []);
  expect(() => new AdapterObjective(inner, 'style')).toThrow(/setAdapters/);
  setAdapters(inner.unet, 'style');
  fuseLora(inner.unet);
  expect(() => new AdapterObjective(inner, 'style')).toThrow(/unfuseLora/);
});

it('refuses to save a model as if its adapter were not there', () => {
  const { inner } = adapted();
  const folder = path.join(temporaryFolder(), 'unet');
  expect(() => inner.unet.savePretrained(folder)).toThrow(/'style'/);
  expect(existsSync(folder)).toBe(false);
  fuseLora(inner.unet);
  inner.unet.savePretrained(folder);
  expect(existsSync(folder)).toBe(true);
});

it('trains the adapter of a text encoder', async () => {
  const inner = tinyObjective();
  addAdapter(inner.textEncoder, { r: 2, targetModules: ['q_proj', 'fc1'] }, 'text');
  const before = tf.memory().numTensors;
  const trainer = new Trainer(new AdapterObjective(inner, 'text'), options);
  await trainer.fit({ maxSteps: 2 });
  expect(adapterChange(inner.textEncoder, 'text').every(({ normB }) => normB > 0)).toBe(true);
  trainer.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('is averaged by EMA as diffusers averages weights, and saved so', async () => {
  const decay = 0.5;
  const { inner, objective } = adapted();
  const trainer = new Trainer(objective, { ...options, ema: { decay } });
  const averaged: number[][] = [];
  await trainer.fit({
    maxSteps: 4,
    onStep: ({ step }) => {
      // EMAModel.get_decay of diffusers: 0 at the first step, then (1 + n) / (10 + n), at most the decay.
      const n = step - 1;
      const kept = n === 0 ? 0 : Math.min((1 + n) / (10 + n), decay);
      weights(objective).forEach((now, i) => {
        averaged[i] = now.map((w, j) => kept * (averaged[i]?.[j] ?? 0) + (1 - kept) * w);
      });
    },
  });
  const folder = temporaryFolder();
  const file = await trainer.ema!.withAveragedWeights(() => saveLoraWeights(inner.unet, folder));
  const { tensors } = readSafetensors(file);
  const keys = [...objective.parameters.keys()].map((key) => key.replace(/\.style\b/, ''));
  keys.forEach((key, i) => {
    const saved = tensors.get(key) ?? tensors.get(key.replace(/^unet\./, ''))!;
    expect(toFloat32Array(saved), key).toBeCloseToMax(Float32Array.from(averaged[i]!), 1e-6);
  });
  trainer.dispose();
});

it('tells of no objective', () => {
  expect(() => new AdapterObjective(undefined as never)).toThrow(
    'AdapterObjective: expected an objective, such as a TextToImageObjective, got undefined.',
  );
});
