import { afterEach, expect, it, vi } from 'vitest';
import { isTracing, tf } from '../../lib/backend';
import { namedParameters } from '../../lib/nn/state-dict';
import { NonFiniteLossError, type SkippedStep } from '../../lib/training/history';
import { resumeTraining, saveTraining } from '../../lib/training/checkpoints';
import { TextToImageObjective } from '../../lib/training/text-to-image-objective';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  disposeTrainers,
  everything,
  firstImages,
  tinyTrainer,
  withoutJit,
  type TinyTrainer,
} from './tiny-trainer';

afterEach(() => {
  vi.restoreAllMocks();
  disposeTrainers();
});
vi.setConfig({ testTimeout: 600_000 });

/** Makes some batches (counted from 1) NaN, as a broken image would. Op by op only. */
function poisonBatches(...bad: number[]): void {
  let batch = 0;
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const draw = TextToImageObjective.prototype.draw;
  vi.spyOn(TextToImageObjective.prototype, 'draw').mockImplementation(function (
    this: TextToImageObjective,
    ...args
  ) {
    const drawn = draw.apply(this, args);
    if (isTracing()) return drawn; // not a batch: looks how much memory one takes
    batch += 1;
    return bad.includes(batch) ? { ...drawn, latents: tf.mul(drawn.latents, NaN) } : drawn;
  });
}

const tensorsOf = (trainer: TinyTrainer) => {
  const { unet, textEncoder, optimizer, ema, epoch, position } = everything(trainer);
  return { unet, textEncoder, optimizer, ema, epoch, position };
};

it('skip leaves a batch out: no weight, moment or average changes, and the next one counts', async () => {
  await withoutJit(async () => {
    poisonBatches(3);
    const trainer = tinyTrainer({ nonFinite: 'skip', ema: { decay: 0.9 } });
    let before = {};
    const skipped: SkippedStep[] = [];
    const history = await trainer.fit({
      maxSteps: 4,
      onStep: ({ step }) => void (step === 2 && (before = tensorsOf(trainer))),
      onSkip: (log) => {
        skipped.push(log);
        expect(tensorsOf(trainer)).toEqual({ ...before, position: 12 });
        expect(trainer.step).toBe(2);
      },
    });
    expect(skipped).toEqual([
      { step: 3, epoch: 0, loss: null, gradNorm: null, where: expect.any(Array) as string[] },
    ]);
    expect(skipped[0]!.where[0]).toMatch(/^gradient unet\./);
    expect(history.skipped).toEqual(skipped);
    expect(history.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(trainer.sampler.state()).toEqual({ epoch: 0, position: 20 }); // five batches of four
    // Resumed, it stands at the same place.
    const folder = mkdtempSync(path.join(tmpdir(), 'skip-'));
    saveTraining(folder, trainer);
    const resumed = tinyTrainer({ nonFinite: 'skip', ema: { decay: 0.9 } }, {}, 5);
    resumeTraining(folder, resumed);
    expect(everything(resumed)).toEqual(everything(trainer));
    rmSync(folder, { recursive: true });
  });
});

it('skip stops after too many in a row, and says how many', async () => {
  await withoutJit(async () => {
    poisonBatches(2, 3, 4);
    const trainer = tinyTrainer({ nonFinite: 'skip', maxSkippedSteps: 2 });
    const error: unknown = await trainer.fit({ maxSteps: 5 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NonFiniteLossError);
    expect(error).toMatchObject({ step: 2, skippedBefore: 2 });
    expect((error as Error).message).toMatch(/The 2 batches before it were left out already\./);
    await trainer.fit({ maxSteps: 3 }); // the data is mended now
    expect(trainer.history.skipped).toHaveLength(2);
  });
});

it('an epoch of which a batch was left out ends with the data', async () => {
  await withoutJit(async () => {
    poisonBatches(2);
    const trainer = tinyTrainer({ nonFinite: 'skip' }, { dataset: firstImages(12) });
    const history = await trainer.fit({ epochs: 2 });
    expect([history.steps.length, history.skipped.length]).toEqual([5, 1]);
    expect(trainer.sampler.state()).toEqual({ epoch: 2, position: 0 });
  });
});

it('the error names the weight that is broken', async () => {
  await withoutJit(async () => {
    const trainer = tinyTrainer();
    const bias = namedParameters(trainer.objective.unet).get('conv_out.bias')!;
    tf.tidy(() => bias.assign(tf.tensor1d([NaN])));
    await expect(trainer.fit({ maxSteps: 1 })).rejects.toThrow(
      'First found in weight unet.conv_out.bias.',
    );
  });
});
