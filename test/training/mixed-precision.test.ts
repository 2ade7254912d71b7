import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { bfloat16Support } from '../../lib/backend/node/bfloat16';
import type { MixedPrecision } from '../../lib/jit';
import { readSafetensors } from '../../lib/io/safetensors';
import { BLOG_UNET_CONFIG, SMALL_TEXT_CONFIG } from '../../lib/mnist/presets';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { addAdapter } from '../../lib/nn/lora/adapters';
import { namedParameters } from '../../lib/nn/state-dict';
import { Generator } from '../../lib/random';
import { AdapterObjective } from '../../lib/training/adapter-objective';
import { latestCheckpoint, resumeTraining, saveTraining } from '../../lib/training/checkpoints';
import { NonFiniteLossError } from '../../lib/training/history';
import { Trainer } from '../../lib/training/trainer';
import { temporaryFolder } from '../parity/python';
import { ATTENTION } from '../support/lora';
import { disposeTrainers, everything, losses, tinyObjective, tinyTrainer } from './tiny-trainer';

vi.setConfig({ testTimeout: 600_000 }); // graphs are compiled, which takes long on a busy machine
afterEach(() => {
  disposeTrainers();
  vi.restoreAllMocks();
});

/** Without instructions for it bfloat16 is float32, which is said: then that is what is tested. */
const support = bfloat16Support();

function warnings(): string[] {
  const told: string[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void told.push(String(message)));
  return told;
}

const largest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!) / Math.abs(x)));

it("12 losses of the blog's UNet are within 1e-3 of those in float32", async () => {
  async function run(mixedPrecision: MixedPrecision) {
    const init = new Generator(6).stream('init');
    const unet = new UNet2DConditionModel(BLOG_UNET_CONFIG, init);
    const textEncoder = new CLIPTextModel(SMALL_TEXT_CONFIG, init);
    const trainer = tinyTrainer({ batchSize: 64, mixedPrecision }, { unet, textEncoder });
    await trainer.fit({ maxSteps: 12 });
    unet.dispose();
    textEncoder.dispose();
    return losses(trainer);
  }
  warnings();
  const [exact, lower] = [await run('no'), await run('bf16')];
  expect(lower).toHaveLength(12);
  expect(exact[11]).toBeLessThan(exact[0]! / 2); // it has learnt
  const difference = largest(exact, lower);
  expect(difference).toBeLessThan(1e-3);
  expect(difference > 0).toBe(support.isThere);
});

describe('mixedPrecision', () => {
  it("'no' is the default, to the bit and without a word", async () => {
    const told = warnings();
    const [a, b] = [tinyTrainer(), tinyTrainer({ mixedPrecision: 'no' })];
    await a.fit({ maxSteps: 2 });
    await b.fit({ maxSteps: 2 });
    expect(everything(b)).toEqual(everything(a));
    expect(told).toEqual([]);
  });

  it("'auto' says what it chose, 'bf16' only where it cannot be", () => {
    const told = warnings();
    tinyTrainer({ mixedPrecision: 'auto' });
    tinyTrainer({ mixedPrecision: 'bf16' });
    expect(told).toEqual(
      support.isThere
        ? [`Trainer: mixedPrecision 'auto' is 'bf16' here, by ${support.by}.`]
        : [
            `Trainer: mixedPrecision 'auto' is 'no' here: ${support.why}.`,
            `Trainer: mixedPrecision 'bf16' is computed in float32 here: ${support.why}.`,
          ],
    );
  });

  it.each(['fp16', 'bfloat16', true, null])('refuses %j', (mixedPrecision) => {
    expect(() => tinyTrainer({ mixedPrecision: mixedPrecision as 'no' })).toThrow(
      /^Trainer: mixedPrecision: expected 'no', 'bf16' or 'auto', got /,
    );
  });

  it('is no option of a trainer that is made', () => {
    expect(() => tinyTrainer().setOptions({ mixedPrecision: 'bf16' })).toThrow(
      /mixedPrecision: expected "no" as the trainer was made with, got "bf16"\. Make a new Trainer and resumeT/,
    );
  });

  it.each([1, 3])(
    'leaves weights, moments and files in float32, in micro-batches of %i',
    async (size) => {
      const folder = path.join(temporaryFolder(), 'run');
      warnings();
      const options = { microBatchSize: size, maxGradNorm: 1, ema: {} };
      const trainer = tinyTrainer({ ...options, mixedPrecision: 'bf16' });
      const exact = tinyTrainer(options);
      await trainer.fit({ maxSteps: 2 });
      const tensors = tf.memory().numTensors;
      await trainer.fit({ maxSteps: 4 });
      expect(tf.memory().numTensors).toBe(tensors);
      await exact.fit({ maxSteps: 4 });
      expect(largest(losses(exact), losses(trainer))).toBeLessThan(5e-3); // tiny sums: single roundings count
      saveTraining(folder, trainer);
      const saved = latestCheckpoint(folder)!;
      const { tensors: written } = readSafetensors(
        path.join(saved, 'unet', 'diffusion_pytorch_model.safetensors'),
      );
      expect(new Set([...written.values()].map(({ dtype }) => dtype))).toEqual(new Set(['F32']));
      const told = warnings();
      const other = tinyTrainer(options);
      expect(resumeTraining(folder, other)).toBe(4);
      expect(told).toEqual(['resumeTraining: from step 5 on mixedPrecision: "bf16" → "no".']);
      await other.fit({ maxSteps: 5 });
      await trainer.fit({ maxSteps: 5 });
      expect(largest(losses(trainer), losses(other))).toBeLessThan(5e-3);
    },
  );

  it('a run that was cut goes on to the bit', async () => {
    const folder = path.join(temporaryFolder(), 'run');
    warnings();
    const options = { mixedPrecision: 'bf16' } as const;
    const [whole, first] = [tinyTrainer(options), tinyTrainer(options)];
    await whole.fit({ maxSteps: 4 });
    await first.fit({ maxSteps: 2 });
    saveTraining(folder, first);
    const told = warnings();
    const next = tinyTrainer(options);
    resumeTraining(folder, next);
    await next.fit({ maxSteps: 4 });
    expect(everything(next)).toEqual(everything(whole));
    expect(told.filter((line) => line.startsWith('resumeTraining'))).toEqual([]);
  });

  it('trains an adapter as float32 does', async () => {
    warnings();
    async function run(mixedPrecision: MixedPrecision) {
      const inner = tinyObjective({ trainTextEncoder: false });
      const config = { r: 2, loraAlpha: 2, targetModules: ATTENTION } as const;
      addAdapter(inner.unet, config, 'style');
      const options = { batchSize: 4, learningRate: 1e-2, seed: 3, mixedPrecision };
      const trainer = new Trainer(new AdapterObjective(inner, 'style'), options);
      const { steps } = await trainer.fit({ maxSteps: 4 });
      trainer.dispose();
      return steps.map(({ loss }) => loss);
    }
    expect(largest(await run('no'), await run('bf16'))).toBeLessThan(5e-3);
  });

  it.each([NaN, Infinity])('a weight of %d stops the step and changes nothing', async (value) => {
    warnings();
    const trainer = tinyTrainer({ mixedPrecision: 'bf16' });
    await trainer.fit({ maxSteps: 1 });
    const bias = namedParameters(trainer.objective.unet).get('conv_out.bias')!;
    tf.tidy(() => bias.assign(tf.tensor1d([value])));
    const before = everything(trainer);
    const error: unknown = await trainer.fit({ maxSteps: 3 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NonFiniteLossError);
    expect(error).toMatchObject({ step: 2 });
    expect(everything(trainer)).toEqual(before);
  });
});
