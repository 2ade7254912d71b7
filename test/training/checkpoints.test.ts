import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  bestCheckpoint,
  latestCheckpoint,
  resumeTraining,
  saveTraining,
} from '../../lib/training/checkpoints';
import { writeManifest } from '../../lib/io/runs/manifest';
import { loadCheckpoint } from '../../lib/pretrained/checkpoint';
import { stateDict } from '../../lib/nn/state-dict';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { quickMnist } from '../support/tiny-model';
import {
  digests,
  disposeTrainers,
  everything,
  tinyTrainer,
  withoutJit,
  firstImages,
  type TinyTrainer,
} from './tiny-trainer';

const temporary = mkdtempSync(path.join(tmpdir(), 'training-'));
afterAll(() => rmSync(temporary, { recursive: true }));
afterEach(disposeTrainers);
vi.setConfig({ testTimeout: 600_000 }); // graphs are compiled, which takes long on a busy machine

/** What a run's folder holds beside this process's lock. */
const visible = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name !== '.lock')
    .sort();

let folders = 0;
const newFolder = () => path.join(temporary, `run-${folders++}`);

describe('a run that was cut', () => {
  it.each([
    ['traced', <T>(run: () => Promise<T>) => run(), {}],
    ['op by op', withoutJit, { maxGradNorm: 1, captionDropout: 0.5, microBatchSize: 3 }],
    ['with a frozen text encoder', withoutJit, { trainTextEncoder: false }],
  ] as const)('equals the straight one bit for bit: %s', async (_, run, options) => {
    await run(async () => {
      const dataset = firstImages(9);
      const straight = tinyTrainer(options, { dataset });
      const folder = newFolder();
      await straight.fit({
        maxSteps: 5, // 2 an epoch
        onStep: ({ step }) => (step === 3 ? void saveTraining(folder, straight) : undefined),
      });
      const resumed = tinyTrainer(options, { dataset }, 99); // other initial weights
      expect(resumeTraining(folder, resumed)).toBe(3);
      expect(resumed.history.steps).toEqual(straight.history.steps.slice(0, 3));
      await resumed.fit({ maxSteps: 5 });
      expect(everything(resumed)).toEqual(everything(straight));
    });
  });

  it('can be taken up by a trainer whose graphs exist already', async () => {
    const folder = newFolder();
    const trainer = tinyTrainer({ trainTextEncoder: false });
    saveTraining(folder, trainer);
    await trainer.fit({ maxSteps: 2 });
    const straight = everything(trainer);
    expect(resumeTraining(folder, trainer)).toBe(0);
    await trainer.fit({ maxSteps: 2 });
    expect(everything(trainer)).toEqual(straight);
  });
});

describe('saveTraining', () => {
  it('writes a model that loads by itself, and nothing beside it', () => {
    const folder = newFolder();
    const trainer = tinyTrainer();
    expect(latestCheckpoint(folder)).toBeNull();
    const saved = saveTraining(folder, trainer);
    expect(saved).toBe(path.join(folder, 'checkpoint-0'));
    expect([latestCheckpoint(folder), visible(folder)]).toEqual([saved, ['checkpoint-0']]);
    const { unet, textEncoder } = loadCheckpoint(saved);
    expect(digests(stateDict(unet))).toEqual(everything(trainer).unet);
    expect(digests(stateDict(textEncoder))).toEqual(everything(trainer).textEncoder);
    [unet, textEncoder].forEach((model) => model.dispose());
  });

  it('keeps as many as it is told, and passes unfinished ones over', async () => {
    await withoutJit(async () => {
      const folder = newFolder();
      const trainer = tinyTrainer();
      for (const maxSteps of [1, 2, 3]) {
        await trainer.fit({ maxSteps });
        saveTraining(folder, trainer);
      }
      expect(visible(folder)).toEqual(['checkpoint-2', 'checkpoint-3']);
      saveTraining(folder, trainer, { keepLast: 1 });
      expect(visible(folder)).toEqual(['checkpoint-3']);
      cpSync(path.join(folder, 'checkpoint-3'), path.join(folder, 'checkpoint-10'), {
        recursive: true,
      });
      expect(latestCheckpoint(folder)).toMatch(/checkpoint-10$/); // by number, not by name
      rmSync(path.join(folder, 'checkpoint-10', 'model_index.json'));
      const onWarning = vi.fn();
      expect(latestCheckpoint(folder, { onWarning })).toMatch(/checkpoint-3$/);
      expect(onWarning).toHaveBeenCalledExactlyOnceWith(
        expect.stringMatching(/checkpoint-10 is passed over: model_index\.json: /),
      );
    });
  });

  it('takes the place of no other training’s checkpoints, unless it went on from them', async () => {
    await withoutJit(async () => {
      const folder = newFolder();
      const first = tinyTrainer();
      await first.fit({ maxSteps: 2 });
      const saved = saveTraining(folder, first);
      for (const [maxSteps, seed] of [
        [2, 7],
        [3, 8],
      ] as const) {
        const other = tinyTrainer({ seed }, {}, seed);
        await other.fit({ maxSteps });
        expect(() => saveTraining(folder, other, { keepLast: 1 })).toThrow(
          /expected checkpoints of this training, but checkpoint-2 is of another/,
        );
      }
      expect([latestCheckpoint(folder), visible(folder)]).toEqual([saved, ['checkpoint-2']]);
      const next = tinyTrainer({}, {}, 9);
      expect(resumeTraining(folder, next)).toBe(2);
      await next.fit({ maxSteps: 3 });
      saveTraining(folder, next, { keepLast: 1 });
      expect(visible(folder)).toEqual(['checkpoint-3']);
    });
  });

  it('keeps the best by its metric, and bestCheckpoint finds it again', async () => {
    await withoutJit(async () => {
      const folder = newFolder();
      const trainer = tinyTrainer();
      expect(bestCheckpoint(folder)).toBeNull();
      for (const [i, metric] of [3, 1, NaN, 2].entries()) {
        await trainer.fit({ maxSteps: i + 1 });
        saveTraining(folder, trainer, { keepLast: 1, metric });
      }
      expect(visible(folder)).toEqual(['checkpoint-2', 'checkpoint-4']);
      expect(bestCheckpoint(folder)).toBe(path.join(folder, 'checkpoint-2'));
      expect(bestCheckpoint(folder, { mode: 'max' })).toBe(path.join(folder, 'checkpoint-4'));
      const resumed = tinyTrainer({}, {}, 5);
      expect(resumeTraining(folder, resumed)).toBe(4);
      writeFileSync(path.join(folder, 'checkpoint-2', 'model_index.json'), '{}');
      const onWarning = vi.fn();
      expect(bestCheckpoint(folder, { onWarning })).toBe(path.join(folder, 'checkpoint-4'));
      expect(onWarning).toHaveBeenCalledOnce();
    });
  });

  it.each([0, -1, 1.5])('refuses keepLast %d', (keepLast) => {
    const save = () => saveTraining(newFolder(), tinyTrainer(), { keepLast });
    expect(save).toThrow(`expected keepLast to be an integer ≥ 1, got ${keepLast}`);
  });
});

describe('resumeTraining', () => {
  let sound: string;
  beforeAll(async () => {
    sound = newFolder();
    await withoutJit(async () => {
      const trainer = tinyTrainer();
      await trainer.fit({ maxSteps: 2 });
      saveTraining(sound, trainer);
    });
  });

  /** A copy of the run whose checkpoint was changed. */
  function changed(change: (checkpoint: string) => void): string {
    const folder = newFolder();
    cpSync(sound, folder, { recursive: true });
    change(latestCheckpoint(folder)!);
    return folder;
  }

  function expectRefused(folder: string, trainer: TinyTrainer, ...messages: (string | RegExp)[]) {
    const before = everything(trainer);
    for (const message of messages) {
      expect(() => resumeTraining(folder, trainer)).toThrow(message);
    }
    expect(everything(trainer)).toEqual(before);
  }

  it('changes nothing where there is no checkpoint', () => {
    const trainer = tinyTrainer();
    const before = everything(trainer);
    expect(resumeTraining(newFolder(), trainer)).toBe(0);
    expect(everything(trainer)).toEqual(before);
  });

  it('refuses another seed and batch size, both at once', () => {
    const trainer = tinyTrainer({ seed: 2, batchSize: 8 });
    for (const [name, saved, present] of [
      ['seed', 1, 2],
      ['batchSize', 4, 8],
    ]) {
      const expected = `${name}: expected ${saved} as in the checkpoint, got ${present}`;
      expectRefused(sound, trainer, expected);
    }
  });

  it('refuses another optimizer, and tells the default that it had', () => {
    const trainer = tinyTrainer({ optimizer: 'muon', lrScales: { unet: 0.5 } });
    const expected = 'expected "adamw" as in the checkpoint, got "muon"; lrScales: expected {} as';
    expectRefused(sound, trainer, expected);
  });

  it('refuses a frozen text encoder, other captions, another schedule, by name', () => {
    expectRefused(
      sound,
      tinyTrainer({ trainTextEncoder: false }),
      /\(trainTextEncoder: expected true/,
    );
    const captions = Array<string>(10).fill('a digit');
    expectRefused(
      sound,
      tinyTrainer({}, { dataset: { ...quickMnist(), captions } }),
      /\(captions: expected \["A handwritten digit 0"/,
    );
    const noiseScheduler = new DDPMScheduler({ num_train_timesteps: 500 });
    const keys =
      /noiseScheduler\.num_train_timesteps: expected 1000 .*noiseScheduler\.beta_schedule: /s;
    expectRefused(sound, tinyTrainer({}, { noiseScheduler }), keys);
    expectRefused(
      sound,
      tinyTrainer({ ema: {} }),
      /\(ema: expected null as in the checkpoint, got \{/,
    );
  });

  it('refuses another data set, also of the same size', () => {
    expectRefused(
      sound,
      tinyTrainer({}, { dataset: firstImages(8) }),
      /dataset\.shape: .*dataset\.sha256: /,
    );
    const other = { ...quickMnist(), captionIds: quickMnist().captionIds.slice() };
    other.captionIds[7]! ^= 1;
    expectRefused(sound, tinyTrainer({}, { dataset: other }), /\(dataset\.sha256: expected /);
  });

  it('lets rate, schedule, decay, clipping and micro-batches be changed', () => {
    const options = { learningRate: 1, lrSchedule: () => 0.5, weightDecay: 0, maxGradNorm: 2 };
    const trainer = tinyTrainer({ ...options, microBatchSize: 2, nonFinite: 'skip' });
    expect(resumeTraining(sound, trainer)).toBe(2);
  });

  const edit = (name: string, replace: (state: Record<string, unknown>) => object) =>
    changed((checkpoint) => {
      const file = path.join(checkpoint, name);
      const state = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      writeFileSync(file, JSON.stringify(replace(state)));
      writeManifest(checkpoint);
    });

  it.each<[string, (state: Record<string, unknown>) => object]>([
    ['a position between two batches', (s) => ({ ...s, position: 5 })],
    ['a log that ends before the step', (s) => ({ ...s, steps: [] })],
    ['no log', ({ steps: _, ...s }) => s],
    ['no step', ({ step: _, ...s }) => s],
  ])('refuses a state with %s', (_, replace) => {
    const folder = edit('training/trainer_state.json', replace);
    expectRefused(folder, tinyTrainer(), /trainer_state\.json: expected a step with its place/);
  });

  it('passes files over that are cut short or missing, by name', () => {
    for (const name of [
      'training/optimizer.safetensors',
      'unet/diffusion_pytorch_model.safetensors',
      'text_encoder/model.safetensors',
      'training/trainer_state.json',
    ]) {
      const short = changed((checkpoint) => {
        const file = path.join(checkpoint, name);
        writeFileSync(file, readFileSync(file).subarray(0, -10));
      });
      const gone = changed((checkpoint) => rmSync(path.join(checkpoint, name)));
      for (const folder of [short, gone]) {
        const trainer = tinyTrainer();
        const before = everything(trainer);
        const warnings: string[] = [];
        expect(resumeTraining(folder, trainer, { onWarning: (w) => warnings.push(w) })).toBe(0);
        expect(warnings).toEqual([expect.stringMatching(`checkpoint-2 is passed over: ${name}: `)]);
        expect(everything(trainer)).toEqual(before);
      }
    }
  });
});
