/** Steps that are one graph each and looked at together: the same numbers as of steps that are looked at one by one. */
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { hasFusedOps, useFusedOps } from '../../lib/backend/node';
import { resumeTraining, saveTraining } from '../../lib/training/checkpoints';
import type { TrainerOptions } from '../../lib/training/trainer-options';
import { runsOfGraphs } from '../support/binding';
import { temporaryFolder } from '../support/temporary';
import { disposeTrainers, everything, firstImages, losses, tinyTrainer } from './tiny-trainer';
import type { TinyTrainer } from './tiny-trainer';

vi.setConfig({ testTimeout: 600_000 }); // graphs are compiled, which takes long on a busy machine
const isFused = hasFusedOps();
let told: string[] = [];
beforeEach(() => {
  told = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void told.push(String(message)));
});
afterEach(() => {
  disposeTrainers();
  vi.restoreAllMocks();
  useFusedOps(isFused);
});

/** All but how often it was looked. */
function numbers(trainer: TinyTrainer) {
  const { options, ...rest } = everything(trainer);
  return { ...rest, options: { ...options, loggingSteps: null } };
}

const lrSchedule = (step: number) => 1 / (1 + step);

async function pair(options: Partial<TrainerOptions>, loggingSteps: number, maxSteps: number) {
  const trainers = [tinyTrainer(options), tinyTrainer({ ...options, loggingSteps })] as const;
  for (const trainer of trainers) await trainer.fit({ maxSteps });
  return trainers;
}

describe.each(isFused ? ['on', 'off'] : ['off'])('fused ops %s', (fused) => {
  it.each([
    ['AdamW', { lrScales: { text_encoder: 0.1 } }],
    ['Muon', { optimizer: 'muon' }],
  ] as const)('%s: 7 steps by 3 equal 7 one by one, to the bit', async (_, options) => {
    useFusedOps(fused === 'on');
    const all = { ...options, lrSchedule, learningRate: 1e-2, ema: { decay: 0.9 } };
    const [single, bunched] = await pair(all, 3, 7);
    expect(new Set(losses(single)).size).toBe(7);
    expect(numbers(bunched)).toEqual(numbers(single));
    const tensors = tf.memory().numTensors;
    await bunched.fit({ maxSteps: 9 });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(told).toEqual([]);
  });
});

it('where gradients are clipped they equal to rounding: the factor is computed in float32', async () => {
  const [single, bunched] = await pair({ maxGradNorm: 0.1, learningRate: 1e-2 }, 4, 8);
  for (const name of ['loss', 'gradNorm', 'learningRate'] as const) {
    bunched.history.steps.forEach((log, i) => {
      const expected = single.history.steps[i]![name];
      expect(Math.abs(log[name] / expected - 1), `${name} ${i}`).toBeLessThan(1e-5);
    });
  }
  expect(single.history.steps[0]!.gradNorm).toBeGreaterThan(0.1);
});

it('Muon in bfloat16 iterates in float32 there, too', async () => {
  const [single, bunched] = await pair({ mixedPrecision: 'bf16', optimizer: 'muon' }, 2, 4);
  expect(numbers(bunched)).toEqual(numbers(single));
});

describe('what goes to the host', () => {
  it.each([
    [1, 60, 60],
    [10, 22, 60],
  ])('of 20 steps by %i: %i runs, %i numbers', async (loggingSteps, runs, fetched) => {
    const trainer = tinyTrainer({ loggingSteps, maxGradNorm: 1 });
    await trainer.fit({ maxSteps: 10 });
    const counted = runsOfGraphs();
    await trainer.fit({ maxSteps: 30 });
    expect(counted).toEqual({ runs, fetched });
  });
});

describe('a bunch', () => {
  it('ends at multiples, at the end of an epoch and of fit; what is told sees its last weights', async () => {
    const trainer = tinyTrainer({ loggingSteps: 4 }, { dataset: firstImages(24) });
    const seen: string[] = [];
    const options = {
      onStep: ({ step }: { step: number }) => void seen.push(`${step} at ${trainer.step}`),
      onEpoch: (epoch: number) => void seen.push(`epoch ${epoch}`),
    };
    await trainer.fit({ maxSteps: 9, ...options });
    expect(seen).toEqual([
      ...['1 at 4', '2 at 4', '3 at 4', '4 at 4', '5 at 6', '6 at 6', 'epoch 0'],
      ...['7 at 8', '8 at 8', '9 at 9'],
    ]);
  });

  it('that is looked at in between goes on as if it was not', async () => {
    const [single, bunched] = [tinyTrainer(), tinyTrainer({ loggingSteps: 5 })];
    await single.fit({ maxSteps: 6 });
    const steps: number[] = [];
    bunched.objective.prepare = () => {
      steps.push(bunched.step);
      return Promise.resolve();
    };
    const told: number[] = [];
    await bunched.fit({ maxSteps: 6, onStep: ({ step }) => void told.push(step) });
    expect(steps).toEqual([0, 1, 2, 3, 4, 5]);
    expect(told).toEqual([1, 2, 3, 4, 5, 6]);
    expect(numbers(bunched)).toEqual(numbers(single));
  });

  it('that is stopped within is whole, and goes on from its checkpoint', async () => {
    const single = tinyTrainer();
    await single.fit({ maxSteps: 7 });
    const [folder, stop] = [path.join(temporaryFolder('bunch'), 'run'), new AbortController()];
    const first = tinyTrainer({ loggingSteps: 4 });
    let batches = 0;
    first.objective.prepare = () => {
      if (++batches === 2) stop.abort();
      return Promise.resolve();
    };
    const { stopped, steps } = await first.fit({ maxSteps: 7, signal: stop.signal });
    expect([stopped, steps.length]).toEqual([true, 2]);
    saveTraining(folder, first);
    const next = tinyTrainer({ loggingSteps: 3 }, {}, 5);
    expect(resumeTraining(folder, next)).toBe(2);
    expect(told).toEqual(['resumeTraining: from step 3 on loggingSteps: 4 → 3.']);
    await next.fit({ maxSteps: 7 });
    expect(numbers(next)).toEqual(numbers(single));
  });

  it('may be as long as you like: it ends with its epoch, and no more is kept', async () => {
    const dataset = firstImages(8);
    const [before, loggingSteps] = [tf.memory().numBytes, Number.MAX_SAFE_INTEGER];
    const [single, bunched] = [tinyTrainer({}, { dataset }), tinyTrainer({}, { dataset })];
    const taken = tf.memory().numBytes - before;
    bunched.setOptions({ loggingSteps });
    expect(tf.memory().numBytes - before - taken).toBeLessThan(100);
    for (const trainer of [single, bunched]) await trainer.fit({ maxSteps: 3 });
    expect(numbers(bunched)).toEqual(numbers(single));
  });

  it('may get another length in place', async () => {
    const [single, bunched] = [tinyTrainer(), tinyTrainer()];
    await single.fit({ maxSteps: 6 });
    await bunched.fit({ maxSteps: 2 });
    expect(bunched.setOptions({ loggingSteps: 3 })).toEqual(['loggingSteps']);
    await bunched.fit({ maxSteps: 5 });
    bunched.setOptions({ loggingSteps: 1 });
    await bunched.fit({ maxSteps: 6 });
    expect(numbers(bunched)).toEqual(numbers(single));
  });

  it('for which memory does not suffice says what to try, after the steps before it', async () => {
    const trainer = tinyTrainer({ loggingSteps: 4, microBatchSize: 4 });
    await trainer.fit({ maxSteps: 4 });
    let isFull = false;
    runsOfGraphs((run) => {
      isFull ||= run === 3;
      if (isFull && run !== 4) throw new Error('OOM when allocating tensor with shape[4,28,28]');
    });
    const seen: number[] = [];
    const running = trainer.fit({ maxSteps: 8, onStep: ({ step }) => void seen.push(step) });
    await expect(running).rejects.toThrow(
      /^Step 7: out of memory with 4 samples at once .*Try microBatchSize: 2/,
    );
    expect(seen).toEqual([5, 6]);
    vi.restoreAllMocks();
    const single = tinyTrainer({ microBatchSize: 4 });
    await single.fit({ maxSteps: 8 });
    await trainer.fit({ maxSteps: 8 });
    expect(numbers(trainer)).toEqual(numbers(single));
  });
});

describe('where it cannot be', () => {
  it.each([
    [{ microBatchSize: 2 }, 'the batch is computed in several micro-batches'],
    [{ exchangeGradients: () => undefined }, 'gradients are exchanged in each step'],
  ])('%j: it is 1, which is said once', async (options, why) => {
    const [single, bunched] = await pair(options, 5, 3);
    expect(told).toEqual([`Trainer: loggingSteps 5 is 1 here: ${why}.`]);
    expect(numbers(bunched)).toEqual(numbers(single));
  });

  it.each([0, 1.5, '10', null])('%j is refused', (loggingSteps) => {
    expect(() => tinyTrainer({ loggingSteps: loggingSteps as number })).toThrow(
      /^Trainer: loggingSteps: expected an integer ≥ 1, got /,
    );
  });
});
