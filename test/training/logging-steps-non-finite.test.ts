/** Batches that are not finite among steps that are looked at together: what comes of them is as of steps one by one. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { hasFusedOps, useFusedOps } from '../../lib/backend/node';
import { NonFiniteLossError } from '../../lib/training/history';
import { TextToImageObjective } from '../../lib/training/text-to-image-objective';
import type { TrainerOptions } from '../../lib/training/trainer-options';
import { disposeTrainers, everything, tinyTrainer, type TinyTrainer } from './tiny-trainer';

vi.setConfig({ testTimeout: 600_000 }); // graphs are compiled, which takes long on a busy machine
const isFused = hasFusedOps();
afterEach(() => {
  disposeTrainers();
  vi.restoreAllMocks();
  useFusedOps(isFused);
});

/** Makes some batches of trainers (counted from 1) NaN, in graphs too, whenever they are done. */
function poisonBatches(...bad: number[]) {
  const factor = tf.tidy(() => tf.variable(tf.scalar(1), false));
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { draw } = TextToImageObjective.prototype;
  vi.spyOn(TextToImageObjective.prototype, 'draw').mockImplementation(function (
    this: TextToImageObjective,
    ...args
  ) {
    const drawn = draw.apply(this, args);
    return { ...drawn, latents: tf.mul(drawn.latents, factor) };
  });
  return {
    watch({ objective }: TinyTrainer) {
      const seen: string[] = [];
      objective.prepare = (indices: Int32Array) => {
        const batch = indices.join();
        if (!seen.includes(batch)) seen.push(batch);
        const isBad = bad.includes(seen.indexOf(batch) + 1);
        tf.tidy(() => factor.assign(tf.scalar(isBad ? NaN : 1)));
        return Promise.resolve();
      };
    },
    dispose: () => factor.dispose(),
  };
}

/** All that came of a training: what it told, its end, and every number. */
async function outcome(trainer: TinyTrainer, maxSteps: number) {
  const told: string[] = [];
  const error: unknown = await trainer
    .fit({
      maxSteps,
      onStep: ({ step, loss }) => void told.push(`step ${step} ${loss}`),
      onSkip: ({ step, where }) => void told.push(`skipped ${step} ${where.join()}`),
    })
    .then(
      () => null,
      (e: unknown) => e,
    );
  const { options, ...rest } = everything(trainer);
  return { told, error, rest, options: { ...options, loggingSteps: null } };
}

async function compare(
  options: Partial<TrainerOptions>,
  loggingSteps: number,
  bad: number[],
  maxSteps = 7,
) {
  const poison = poisonBatches(...bad);
  const all = { ema: { decay: 0.9 }, learningRate: 1e-2, ...options };
  const trainers = [tinyTrainer(all), tinyTrainer({ ...all, loggingSteps })] as const;
  trainers.forEach((trainer) => poison.watch(trainer));
  const [single, bunched] = [
    await outcome(trainers[0], maxSteps),
    await outcome(trainers[1], maxSteps),
  ];
  poison.dispose();
  expect(bunched).toEqual(single);
  return { ...bunched, trainer: trainers[1] };
}

describe.each(isFused ? ['on', 'off'] : ['off'])('fused ops %s', (fused) => {
  it("'throw' ends with the step's number, and all is as before it, though others were launched after it", async () => {
    useFusedOps(fused === 'on');
    const { error, told } = await compare({}, 4, [6, 7]);
    expect(error).toBeInstanceOf(NonFiniteLossError);
    expect(error).toMatchObject({ step: 6, loss: NaN, gradNorm: NaN });
    expect((error as NonFiniteLossError).where[0]).toMatch(/^gradient unet\./);
    expect(told).toHaveLength(5);
  });

  it("'skip' leaves the batch out and applies those after it, with the rates of their steps", async () => {
    useFusedOps(fused === 'on');
    const lrSchedule = (step: number) => 1 / (1 + step);
    const { told, rest } = await compare({ nonFinite: 'skip', lrSchedule }, 4, [2, 5, 6]);
    expect(told.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      ...['step 1', 'skipped 2', 'step 2', 'step 3', 'skipped 4', 'skipped 4', 'step 4'],
      ...['step 5', 'step 6', 'step 7'],
    ]);
    expect(rest.randomPosition).toBe(10);
  });
});

it('Muon is left as it was, too', async () => {
  const { error } = await compare({ optimizer: 'muon' }, 3, [2]);
  expect(error).toMatchObject({ step: 2 });
});

it('too many in a row stop it', async () => {
  const options = { nonFinite: 'skip', maxSkippedSteps: 2 } as const;
  const { error, told } = await compare(options, 5, [3, 4, 5]);
  expect(error).toMatchObject({ step: 3, skippedBefore: 2 });
  expect(told).toHaveLength(4);
});

it('once mended, it goes on', async () => {
  const { trainer } = await compare({}, 4, [2]);
  vi.restoreAllMocks();
  trainer.objective.refresh?.();
  expect(trainer.step).toBe(1);
});
