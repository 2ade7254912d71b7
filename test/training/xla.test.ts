import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { hasFusedOps, useFusedOps } from '../../lib/backend/node';
import { chooseXla } from '../../lib/jit';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { Generator } from '../../lib/random';
import { resumeTraining, saveTraining } from '../../lib/training/checkpoints';
import type { TrainerOptions } from '../../lib/training/trainer-options';
import { nodesForXla } from '../support/binding';
import { temporaryFolder } from '../support/temporary';
import { TINY_UNET } from '../support/tiny-configs';
import { disposeTrainers, everything, losses, tinyTrainer, withoutJit } from './tiny-trainer';

vi.setConfig({ testTimeout: 600_000 }); // graphs are compiled, which takes long on a busy machine
const isFused = hasFusedOps();
const unets: UNet2DConditionModel[] = [];
afterEach(() => {
  disposeTrainers();
  for (const unet of unets.splice(0)) unet.dispose();
  vi.restoreAllMocks();
  useFusedOps(isFused);
});

const WHY =
  "Trainer: xla is left out here: layers use the library's fused ops for CPUs, which XLA cannot compile " +
  '(SDM_FUSED=off leaves them out).';

function warnings(): string[] {
  const told: string[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void told.push(String(message)));
  return told;
}

/** The tiny UNet compiles for a minute. */
function smallTrainer(options: Partial<TrainerOptions>) {
  const unet = new UNet2DConditionModel(
    {
      ...TINY_UNET,
      block_out_channels: [16],
      down_block_types: ['DownBlock2D'],
      up_block_types: ['UpBlock2D'],
    },
    new Generator(2).stream('init'),
  );
  unets.push(unet);
  return tinyTrainer({ ...options, trainTextEncoder: false }, { unet });
}

describe("xla, by TensorFlow's ops", () => {
  const options = { learningRate: 1e-2, maxGradNorm: 1, ema: {} };

  it('gives six losses within 1e-4 of those without', async () => {
    useFusedOps(false);
    const told = warnings();
    const counted = nodesForXla();
    const plain = smallTrainer(options);
    await plain.fit({ maxSteps: 6 });
    expect(counted.count).toBe(0);
    const compiled = smallTrainer({ ...options, xla: true });
    await compiled.fit({ maxSteps: 5 });
    expect(counted.count).toBeGreaterThan(200);
    const tensors = tf.memory().numTensors;
    await compiled.fit({ maxSteps: 6 });
    expect(tf.memory().numTensors).toBe(tensors);
    const expected = losses(plain);
    expect(new Set(expected).size).toBe(6);
    losses(compiled).forEach((loss, i) => {
      expect(Math.abs(loss / expected[i]! - 1), `loss ${i}`).toBeLessThan(1e-4);
    });
    expect(told).toEqual([]);
  });

  it('may be another when a run goes on, which is said', async () => {
    useFusedOps(false);
    const folder = path.join(temporaryFolder('xla'), 'run');
    const first = tinyTrainer();
    await first.fit({ maxSteps: 1 });
    saveTraining(folder, first);
    const told = warnings();
    const next = tinyTrainer({ xla: true });
    expect(resumeTraining(folder, next)).toBe(1);
    expect(told).toEqual(['resumeTraining: from step 2 on xla: false → true.']);
  });
});

describe('xla', () => {
  it.runIf(isFused)('is left out with the fused ops, which is said, to the bit', async () => {
    const told = warnings();
    const counted = nodesForXla();
    const [plain, asked] = [tinyTrainer(), tinyTrainer({ xla: true })];
    expect(told).toEqual([WHY]);
    await plain.fit({ maxSteps: 2 });
    await asked.fit({ maxSteps: 2 });
    expect(counted.count).toBe(0);
    const { options: _, ...rest } = everything(plain);
    expect(everything(asked)).toMatchObject(rest);
  });

  it('is left out op by op', async () => {
    await withoutJit(() => {
      const note = 'Trainer: xla is left out here: functions run op by op.';
      expect(chooseXla('Trainer', true)).toEqual({ xla: false, note });
      expect(chooseXla('Trainer', false)).toEqual({ xla: false, note: null });
      return Promise.resolve();
    });
  });

  it.each([1, 'true', null])('refuses %j', (xla) => {
    expect(() => tinyTrainer({ xla: xla as unknown as boolean })).toThrow(
      /^Trainer: xla: expected true or false, got /,
    );
  });

  it('is no option of a trainer that is made', () => {
    expect(() => tinyTrainer().setOptions({ xla: true })).toThrow(
      /xla: expected false as the trainer was made with, got true\. Make a new Trainer and resumeT/,
    );
  });
});
