/** EMA, min-SNR and offset noise in the trainer; recipes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { stateDict } from '../../lib/nn/state-dict';
import { loadCheckpoint } from '../../lib/pretrained/checkpoint';
import { RECIPES, recipeSchedule, type Recipe } from '../../lib/mnist/recipes';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { minSnrWeights } from '../../lib/schedulers/forward-process';
import {
  latestCheckpoint,
  loadEmaWeights,
  resumeTraining,
  saveTraining,
} from '../../lib/training/checkpoints';
import { diffusionLoss } from '../../lib/training/diffusion-loss';
import { loadGolden } from '../support/golden';
import { quickMnist } from '../support/tiny-model';
import {
  digests,
  disposeTrainers,
  everything,
  losses,
  tinyTrainer,
  withoutJit,
} from './tiny-trainer';

const folder = mkdtempSync(path.join(tmpdir(), 'methods-'));
afterEach(() => {
  disposeTrainers();
  rmSync(folder, { recursive: true, force: true });
});
vi.setConfig({ testTimeout: 600_000 });

const golden = loadGolden('methods');
const ema = { decay: 0.9, useEmaWarmup: true, power: 0.75 };

describe('ema', () => {
  it('is the same traced and op by op, and not the last weights', async () => {
    const [traced, eager] = [tinyTrainer({ ema }), tinyTrainer({ ema })];
    await traced.fit({ maxSteps: 4 });
    await withoutJit(() => eager.fit({ maxSteps: 4 }));
    const [a, b] = [traced.ema!.stateDict(), eager.ema!.stateDict()];
    for (const name of [
      'unet.conv_in.weight',
      'unet.conv_out.bias',
      'text_encoder.final_layer_norm.weight',
    ]) {
      const key = [...a.keys()].find((found) => found.endsWith(name))!;
      expect(a.get(key)!.data, name).toBeCloseToMax(b.get(key)!.data, 1e-4);
    }
    const weights = stateDict(traced.objective.unet).get('conv_in.weight')!.data;
    expect(a.get('shadow_params.unet.conv_in.weight')!.data).not.toBeCloseToMax(weights, 1e-4);
    expect([...a.get('optimization_step')!.data]).toEqual([4]);
  });

  it('is saved and resumed to the bit, and can be drawn with', async () => {
    const straight = tinyTrainer({ ema });
    await straight.fit({ maxSteps: 3 });
    const first = tinyTrainer({ ema });
    await first.fit({ maxSteps: 2 });
    saveTraining(folder, first);
    const second = tinyTrainer({ ema }, {}, 9);
    expect(resumeTraining(folder, second)).toBe(2);
    await second.fit({ maxSteps: 3 });
    expect(digests(second.ema!.stateDict())).toEqual(digests(straight.ema!.stateDict()));

    saveTraining(folder, second);
    const parts = loadCheckpoint(latestCheckpoint(folder)!);
    expect(loadEmaWeights(latestCheckpoint(folder)!, parts)).toBe(true);
    const averages = await second.ema!.withAveragedWeights(() => [
      digests(stateDict(second.objective.unet)),
      digests(stateDict(second.objective.textEncoder)),
    ]);
    expect([digests(stateDict(parts.unet)), digests(stateDict(parts.textEncoder))]).toEqual(
      averages,
    );
    parts.unet.dispose();
    parts.textEncoder.dispose();
  });

  it('is never trained, saved or overwritten in place of the trained weights', async () => {
    const trainer = tinyTrainer({ ema });
    await withoutJit(() => trainer.fit({ maxSteps: 2 }));
    saveTraining(folder, trainer);
    const before = everything(trainer);
    const inside = (run: () => unknown) =>
      trainer.ema!.withAveragedWeights(async () => void (await run()));
    for (const [owner, run] of Object.entries({
      saveTraining: () => saveTraining(folder, trainer),
      resumeTraining: () => resumeTraining(folder, trainer),
      'Trainer.fit': () => withoutJit(() => trainer.fit({ maxSteps: 3 })),
    })) {
      await expect(inside(run)).rejects.toThrow(
        `${owner}: expected the trained weights in the models, but the averaged ones stand there`,
      );
      expect(everything(trainer)).toEqual(before);
    }
    // As who forgets the await: the training that goes on meanwhile ends, the steps before it are whole.
    let drawn: Promise<unknown> = Promise.resolve();
    const onStep = () => void (drawn = inside(() => new Promise((done) => setTimeout(done, 50))));
    const running = withoutJit(() => trainer.fit({ maxSteps: 5, onStep }));
    await expect(running).rejects.toThrow('Trainer.fit: expected the trained weights');
    await drawn;
    expect(trainer.step).toBe(3);
    await withoutJit(() => trainer.fit({ maxSteps: 4 }));
    const straight = tinyTrainer({ ema });
    await withoutJit(() => straight.fit({ maxSteps: 4 }));
    expect(everything(trainer)).toEqual(everything(straight));
  });

  it('is missed by name where a run kept none', async () => {
    const plain = tinyTrainer();
    await withoutJit(() => plain.fit({ maxSteps: 1 }));
    const saved = saveTraining(folder, plain);
    expect(loadEmaWeights(saved, plain.objective)).toBe(false);
    expect(() => resumeTraining(folder, tinyTrainer({ ema }))).toThrow('ema: expected null');
  });
});

describe('min-SNR', () => {
  const timesteps = tf.tensor1d([...golden.get('minsnr.timesteps')!.data], 'int32');

  it.each(['epsilon', 'v_prediction'] as const)('has the weights of diffusers for %s', (type) => {
    const { alphasCumprod } = new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
    const weights = minSnrWeights(alphasCumprod, type, 5, timesteps);
    expect(weights.dataSync()).toBeCloseToMax(golden.get(`minsnr.weights.${type}`)!.data, 1e-6);
    weights.dispose();
  });

  it('caps the weight at gamma where the image is predicted (the paper, section 3.4)', () => {
    const { alphasCumprod } = new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
    const weights = minSnrWeights(alphasCumprod, 'sample', 5, timesteps).dataSync();
    const snr = [...timesteps.dataSync()].map((t) => alphasCumprod[t]! / (1 - alphasCumprod[t]!));
    expect(weights).toBeCloseToMax(
      snr.map((x) => Math.min(5, x)),
      1e-5,
    );
  });

  it.each(['epsilon', 'v_prediction'] as const)('weighs the loss as diffusers for %s', (type) => {
    const images = (name: string) => {
      const { data } = golden.get(`minsnr.${name}`)!;
      return tf.tensor4d(data, [7, 4, 4, 1]);
    };
    // A model that says what the reference's said; for v, images and noise that make its target.
    const [prediction, target] = [images('prediction'), images('target')];
    const noiseScheduler = new DDPMScheduler({
      beta_schedule: 'squaredcos_cap_v2',
      prediction_type: type,
    });
    const alphas = [...timesteps.dataSync()].map((t) => noiseScheduler.alphasCumprod[t]!);
    const root = tf.tensor4d(alphas.map(Math.sqrt), [7, 1, 1, 1]);
    const rest = tf.tensor4d(
      alphas.map((a) => Math.sqrt(1 - a)),
      [7, 1, 1, 1],
    );
    const isV = type === 'v_prediction'; // v = √ᾱ ε − √(1−ᾱ) x0, with ε = √ᾱ v and x0 = −√(1−ᾱ) v
    const batch = {
      latents: (isV ? tf.neg(tf.mul(rest, target)) : tf.zerosLike(target)) as tf.Tensor4D,
      noise: (isV ? tf.mul(root, target) : target) as tf.Tensor4D,
      encoderHiddenStates: tf.zeros<tf.Rank.R3>([7, 1, 1]),
      timesteps,
    };
    const unet = { forward: () => prediction };
    const loss = diffusionLoss({ unet, noiseScheduler, minSnrGamma: 5 }, batch);
    const expected = golden.get(`minsnr.loss.${type}`)!.data;
    expect(loss.dataSync()).toBeCloseToMax(expected, 1e-5);
  });

  it('changes what is learnt, traced as op by op', async () => {
    const options = { minSnrGamma: 5, microBatchSize: 3 };
    const [traced, eager, plain] = [tinyTrainer(options), tinyTrainer(options), tinyTrainer()];
    await traced.fit({ maxSteps: 3 });
    await withoutJit(() => eager.fit({ maxSteps: 3 }));
    await withoutJit(() => plain.fit({ maxSteps: 3 }));
    expect(losses(traced)).toBeCloseToMax(losses(eager), 1e-5);
    expect(losses(traced)).not.toBeCloseToMax(losses(plain), 1e-2);
  });
});

it('offset noise, whose numbers device-images.test.ts checks, changes what is learnt', async () => {
  const [trainer, plain] = [tinyTrainer({ offsetNoise: 0.1 }), tinyTrainer()];
  await withoutJit(() => trainer.fit({ maxSteps: 1 }));
  await withoutJit(() => plain.fit({ maxSteps: 1 }));
  expect(Number.isFinite(losses(trainer)[0])).toBe(true);
  expect(losses(trainer)).not.toEqual(losses(plain));
});

it('names every method option out of range', () => {
  expect(() => tinyTrainer({ minSnrGamma: 0, offsetNoise: -1 })).toThrow(
    'TextToImageObjective: minSnrGamma: expected null or a number > 0, got 0; ' +
      'offsetNoise: expected a finite number ≥ 0, got -1',
  );
  expect(() => tinyTrainer({ ema: 1 as unknown as null })).toThrow(
    'Trainer: ema: expected null or options of EMAModel, got 1',
  );
});

describe('recipes', () => {
  it.each(['fast', 'best', 'adamw', 'blog'] as const)('%s can be trained', (name) => {
    const recipe: Recipe = RECIPES[name];
    const noiseScheduler = new DDPMScheduler(recipe.scheduler);
    const options = {
      ...recipe.objective,
      ...recipe.trainer,
      lrSchedule: recipeSchedule(recipe),
    };
    // a recipe of colour may mirror its pictures, which is refused for digits
    const captions = [...'abcdefghij'].map((x) => `the letter ${x}`);
    const dataset = { ...quickMnist(), captions };
    const trainer = tinyTrainer(options, { noiseScheduler, dataset });
    expect(trainer.options.seed).toBe(recipe.trainer.seed);
  });

  it('rise, stay and fall, whatever maxSteps is until they fall', () => {
    const recipe = { ...RECIPES.best, warmupSteps: 10, decayShare: 0.25, maxSteps: 100 };
    const [short, long] = [recipeSchedule(recipe), recipeSchedule({ ...recipe, maxSteps: 200 })];
    expect([0, 5, 10, 74].map(short)).toEqual([0, 0.5, 1, 1]);
    expect([0, 5, 10, 74].map(long)).toEqual([0, 0.5, 1, 1]);
    expect(short(75 + 12.5)).toBeCloseTo(0.5, 10);
    expect(short(100)).toBe(0);
    expect(recipeSchedule(RECIPES.blog)(1e6)).toBe(1);
  });
});
