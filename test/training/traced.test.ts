import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { nodeBackend } from '../../lib/backend/node';
import { loadCheckpoint } from '../../lib/pretrained/checkpoint';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { saveTraining } from '../../lib/training/checkpoints';
import { disposeTrainers, losses, tinyTrainer, withoutJit } from './tiny-trainer';

afterEach(disposeTrainers);
vi.setConfig({ testTimeout: 600_000 }); // graphs are compiled, which takes long on a busy machine

it('has the same losses traced and op by op', async () => {
  const options = { maxGradNorm: 1, captionDropout: 0.2, microBatchSize: 3 };
  const [traced, eager] = [tinyTrainer(options), tinyTrainer(options)];
  await traced.fit({ maxSteps: 6 });
  await withoutJit(() => eager.fit({ maxSteps: 6 }));
  expect(losses(traced)).toBeCloseToMax(losses(eager), 1e-5);
});

it('leaks no tensor over 50 steps, 3 samplings, 3 saves and 3 loads', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'leaks-'));
  const trainer = tinyTrainer();
  const { unet, textEncoder, tokenizer, noiseScheduler: scheduler } = trainer.objective;
  const pipeline = new TextToImagePipeline({ unet, textEncoder, tokenizer, scheduler });
  const work = async (steps: number, times: number) => {
    await trainer.fit({ maxSteps: steps });
    for (let i = 0; i < times; i++) {
      await pipeline.generate('A handwritten digit 4', {
        seed: i,
        numInferenceSteps: 2,
        guidanceScale: 8,
      });
      const saved = saveTraining(folder, trainer);
      const loaded = loadCheckpoint(saved);
      loaded.unet.dispose();
      loaded.textEncoder.dispose();
    }
  };
  const count = () => ({
    tfjs: tf.memory().numTensors,
    native: nodeBackend().binding.getNumOfTensors(),
    models: nodeBackend().binding.getNumOfSavedModels(),
  });
  await work(1, 1); // the graphs, and what is kept for all calls
  const before = count();
  await work(51, 3);
  // Graphs of tests before, in the same process, may be let go meanwhile.
  const { models, ...tensors } = count();
  expect(tensors).toEqual({ tfjs: before.tfjs, native: before.native });
  expect(models).toBeLessThanOrEqual(before.models);
  rmSync(folder, { recursive: true });
});

it('frees everything when trainer and models are disposed', async () => {
  const run = async () => {
    await tinyTrainer({ trainTextEncoder: false }).fit({ maxSteps: 1 });
    disposeTrainers();
  };
  await withoutJit(run);
  const before = tf.memory().numTensors;
  await withoutJit(run);
  expect(tf.memory().numTensors).toBe(before);
  await run();
  expect(tf.memory().numTensors).toBe(before);
});

it('frees what it made when a trainer is refused', () => {
  for (const bad of [{ batchSize: 0 }, { maxLength: 78 }, { batchSize: 20_000 }]) {
    expect(() => {
      expect(() => tinyTrainer(bad)).toThrow();
      disposeTrainers();
    }).toLeakNothing();
  }
});
