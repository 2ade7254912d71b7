import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runFunctionsEagerly } from '../../lib/jit';
import { tf } from '../../lib/backend';
import { meanLoss } from '../../lib/training/history';
import type { FitOptions } from '../../lib/training/fit-options';
import { TrainStep } from '../../lib/training/train-step';
import { quickMnist } from '../support/tiny-model';
import { disposeTrainers, everything, firstImages, losses, tinyTrainer } from './tiny-trainer';

// Op by op: to trace the graphs takes longer than these few steps. traced.test.ts compares the two.
beforeEach(() => runFunctionsEagerly(true));
afterEach(() => {
  runFunctionsEagerly(false);
  vi.restoreAllMocks();
  disposeTrainers();
});

describe('fit', () => {
  it('tells of every step, epoch and end, and learns', async () => {
    const trainer = tinyTrainer({ learningRate: 2e-3 }, { dataset: firstImages(9) });
    const calls: string[] = [];
    const history = await trainer.fit({
      epochs: 3,
      onStep: ({ step, epoch }) => void calls.push(`step ${step} of epoch ${epoch}`),
      onEpoch: (epoch, steps) => void calls.push(`epoch ${epoch}: ${steps.length} steps`),
      onEnd: ({ steps, stopped }) => void calls.push(`end: ${steps.length}, ${stopped}`),
    });
    expect(calls).toEqual([
      'step 1 of epoch 0',
      'step 2 of epoch 0',
      'epoch 0: 2 steps', // 9 images in batches of 4, the last image left out
      'step 3 of epoch 1',
      'step 4 of epoch 1',
      'epoch 1: 2 steps',
      'step 5 of epoch 2',
      'step 6 of epoch 2',
      'epoch 2: 2 steps',
      'end: 6, false',
    ]);
    expect(history.stopped).toBe(false);
    for (const log of history.steps) {
      expect(log.learningRate).toBe(2e-3);
      expect(log.gradNorm).toBeGreaterThan(0);
      expect(log.seconds).toBeGreaterThan(0);
    }
    expect(history.steps[0]!.loss).toBeGreaterThan(0.9); // near the noise's variance before training
    expect(meanLoss(history.steps, 2)).toBeLessThan(0.7);
  });

  it('gives the same weights for the same seed, others for another', async () => {
    const run = async (seed: number) => {
      const trainer = tinyTrainer({ seed });
      await trainer.fit({ maxSteps: 2 });
      return everything(trainer);
    };
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    expect((await run(2)).steps).not.toEqual(first.steps);
  });

  it('has the same losses in micro-batches as in whole batches', async () => {
    const [whole, parts] = [
      tinyTrainer({ batchSize: 8 }),
      tinyTrainer({ batchSize: 8, microBatchSize: 3 }),
    ];
    await whole.fit({ maxSteps: 3 });
    await parts.fit({ maxSteps: 3 });
    expect(losses(parts)).toBeCloseToMax(losses(whole), 1e-5);
    const norms = [parts, whole].map((t) => t.history.steps.map(({ gradNorm }) => gradNorm));
    expect(norms[0]!).toBeCloseToMax(norms[1]!, 1e-4);
  });

  it('scales gradients down to maxGradNorm and tells their norm from before', async () => {
    const [free, clipped] = [tinyTrainer(), tinyTrainer({ maxGradNorm: 0.01 })];
    await free.fit({ maxSteps: 1 });
    await clipped.fit({ maxSteps: 1 });
    const { gradNorm } = free.history.steps[0]!;
    expect(clipped.history.steps[0]!.gradNorm).toBe(gradNorm);
    // The first moment after one step is a tenth of the gradient that was applied.
    const moments = [...clipped.optimizer.stateDict()].filter(([key]) =>
      key.startsWith('exp_avg.'),
    );
    const norm = Math.hypot(...moments.map(([, { data }]) => Math.hypot(...data)));
    expect(Math.abs(norm / (0.1 * 0.01) - 1)).toBeLessThan(1e-4);
  });

  it('takes a new learning rate between steps', async () => {
    const trainer = tinyTrainer({ weightDecay: 0 });
    trainer.learningRate = 0;
    const before = everything(trainer).unet;
    await trainer.fit({ maxSteps: 1 });
    expect(everything(trainer).unet).toEqual(before);
    expect(trainer.history.steps[0]!.learningRate).toBe(0);
  });
});

describe('stopping', () => {
  it('ends after the present step, and a second fit goes on as if there was no stop', async () => {
    const [straight, cut] = [tinyTrainer(), tinyTrainer()];
    await straight.fit({ maxSteps: 4 });
    const controller = new AbortController();
    const first = await cut.fit({
      maxSteps: 4,
      signal: controller.signal,
      onStep: ({ step }) => (step === 2 ? controller.abort() : undefined),
    });
    expect([first.stopped, first.steps.length, cut.step]).toEqual([true, 2, 2]);
    const second = await cut.fit({ maxSteps: 4 });
    expect([second.stopped, second.steps.length]).toEqual([false, 4]);
    expect(first.steps).toHaveLength(2); // a record of its own
    expect(everything(cut)).toEqual(everything(straight));
  });

  it('lets an abort that comes from outside in between two steps', async () => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), 50);
    const history = await tinyTrainer().fit({ maxSteps: 50, signal: controller.signal });
    clearTimeout(timer);
    expect(history.stopped).toBe(true);
    expect(history.steps.length).toBeLessThan(5);
  });

  it('does nothing where the signal is aborted already, or the steps are done', async () => {
    const trainer = tinyTrainer();
    const aborted = await trainer.fit({ maxSteps: 2, signal: AbortSignal.abort() });
    expect(aborted).toEqual({ steps: [], skipped: [], stopped: true });
    await trainer.fit({ maxSteps: 1 });
    const again = await trainer.fit({ maxSteps: 1 });
    expect([again.steps.length, again.stopped]).toEqual([1, false]);
  });

  it('goes on after an error in a callback', async () => {
    const [straight, failing] = [tinyTrainer(), tinyTrainer()];
    await straight.fit({ maxSteps: 2 });
    const onStep = () => Promise.reject(new Error('disk full'));
    await expect(failing.fit({ maxSteps: 2, onStep })).rejects.toThrow('disk full');
    await failing.fit({ maxSteps: 2 });
    expect(everything(failing)).toEqual(everything(straight));
  });
});

describe('captions', () => {
  /** The rows of the caption table that the steps asked for. Nothing is computed. */
  async function rows(captionDropout: number, batchSize: number, maxSteps: number) {
    const asked: number[] = [];
    const trainer = tinyTrainer({ captionDropout, batchSize });
    vi.spyOn(TrainStep.prototype, 'accumulate').mockImplementation(({ keys, ...batch }) => {
      const drawn = trainer.objective.draw(batch, keys);
      asked.push(...drawn.captionIds.dataSync());
      tf.dispose({ ...drawn });
      return 1;
    });
    await trainer.fit({ maxSteps });
    vi.restoreAllMocks();
    return asked;
  }

  it('are those of the digits without captionDropout', async () => {
    const [first] = tinyTrainer().sampler;
    const digits = [...first!].map((i) => quickMnist().labels[i]);
    expect(await rows(0, 4, 1)).toEqual(digits);
  });

  it('are all empty with captionDropout 1', async () => {
    expect(await rows(1, 4, 2)).toEqual(Array(8).fill(10));
    const dropped = tinyTrainer({ captionDropout: 1 });
    const dataset = { ...quickMnist(), captions: Array<string>(10).fill('') };
    const empty = tinyTrainer({}, { dataset });
    await dropped.fit({ maxSteps: 2 });
    await empty.fit({ maxSteps: 2 });
    expect(losses(dropped)).toBeCloseToMax(losses(empty), 1e-6);
  });

  it('are empty for the asked share of images', async () => {
    const asked = await rows(0.25, 200, 3);
    const dropped = asked.filter((row) => row === 10).length;
    expect(Math.abs(dropped - 150)).toBeLessThan(5 * Math.sqrt(600 * 0.25 * 0.75));
  });

  it('train the text encoder, unless it is frozen', async () => {
    for (const trainTextEncoder of [true, false]) {
      const trainer = tinyTrainer({ trainTextEncoder });
      const before = everything(trainer);
      await trainer.fit({ maxSteps: 1 });
      const after = everything(trainer);
      expect(after.unet).not.toEqual(before.unet);
      if (trainTextEncoder) expect(after.textEncoder).not.toEqual(before.textEncoder);
      else expect(after.textEncoder).toEqual(before.textEncoder);
      const trained = Object.keys(after.optimizer).some((key) => key.includes('text_encoder.'));
      expect(trained).toBe(trainTextEncoder);
    }
  });

  it('give the same first loss whether frozen or trained', async () => {
    const [a, b] = [tinyTrainer(), tinyTrainer({ trainTextEncoder: false })];
    await a.fit({ maxSteps: 1 });
    await b.fit({ maxSteps: 1 });
    expect(losses(b)).toBeCloseToMax(losses(a), 1e-6);
  });
});

describe('refusals', () => {
  it('name every bad option at once', () => {
    const own = {
      batchSize: 0,
      microBatchSize: 2.5,
      learningRate: -1,
      weightDecay: NaN,
      maxGradNorm: 0,
      seed: -1,
      ema: 'yes' as unknown as null,
      nonFinite: 'ignore' as 'skip',
      maxSkippedSteps: 0,
      exchangeGradients: 1 as unknown as null,
      learningrate: 1,
    };
    const objective = {
      captionDropout: 1.5,
      trainTextEncoder: 'yes' as unknown as boolean,
      maxLength: 1,
      minSnrGamma: 0,
      offsetNoise: -1,
    };
    for (const name of Object.keys(own)) {
      expect(() => tinyTrainer(own)).toThrow(
        new RegExp(`Trainer: .*${name}: (expected|unknown option)`),
      );
    }
    for (const name of Object.keys(objective)) {
      expect(() => tinyTrainer(objective)).toThrow(
        new RegExp(`TextToImageObjective: .*${name}: expected`),
      );
    }
    expect(() => tinyTrainer({ batchSize: 0 })).toThrow(
      'Trainer: batchSize: expected an integer ≥ 1, got 0; ' +
        "microBatchSize: expected an integer from 1 to batchSize or 'auto', got 0.",
    );
  });

  it('coerce no option', () => {
    const texts = { maxGradNorm: '1', captionDropout: '0.5', learningRate: '1e-3' };
    for (const [name, text] of Object.entries(texts)) {
      expect(() => tinyTrainer({ [name]: text })).toThrow(`${name}: expected`);
    }
    const ema = { useEmaWarmup: 'no' as unknown as boolean };
    expect(() => tinyTrainer({ ema })).toThrow('useEmaWarmup: expected true or false, got "no"');
    expect(() => tinyTrainer({ ema: [] as object })).toThrow('Trainer: ema: expected null or ');
  });

  it.each([NaN, -0.1, Infinity, undefined, '0.5', Promise.resolve(1)])(
    'tell of an lrSchedule that gives %s before a weight is changed',
    async (factor) => {
      const rate = (step: number) => (step < 1 ? 1 : (factor as number));
      for (const loggingSteps of [1, 3]) {
        const trainer = tinyTrainer({ lrSchedule: rate, loggingSteps, ema: { decay: 0.5 } });
        await trainer.fit({ maxSteps: 1 });
        const before = everything(trainer);
        await expect(trainer.fit({ maxSteps: 3 })).rejects.toThrow(
          /^Trainer: lrSchedule: expected a finite number ≥ 0 after 1 steps, the factor of learningRate, got /,
        );
        expect(everything(trainer)).toEqual(before);
        trainer.setOptions({ lrSchedule: () => 1 });
        await trainer.fit({ maxSteps: 2 });
      }
    },
  );

  it('tell of a data set without an image', () => {
    expect(() => tinyTrainer({}, { dataset: firstImages(0) })).toThrow(
      'Trainer: expected at least one sample to train on, got none.',
    );
    expect(() => tinyTrainer({ batchSize: 9 }, { dataset: firstImages(8) })).toThrow(
      /^Trainer: expected batchSize of at most 8, .* got 9: no batch would be full\. Make it smaller\.$/,
    );
  });

  it('tell of images without a caption', () => {
    const dataset = firstImages(4);
    dataset.captionIds[2] = 10;
    expect(() => tinyTrainer({}, { dataset })).toThrow(
      /a caption for every image.*caption id 10 at position 2.*10 captions/,
    );
    const two = { ...quickMnist(), captions: ['zero', 'one'] };
    expect(() => tinyTrainer({}, { dataset: two })).toThrow(/id 2 at position 2.*2 captions/);
  });

  it('tell of captions that are no text, or longer than the tokenizer takes', () => {
    const captions = [...Array<string>(9).fill('x'), 5 as unknown as string];
    const dataset = { ...quickMnist(), captions };
    expect(() => tinyTrainer({}, { dataset })).toThrow(
      /prompt to be a string, got number at position 9/,
    );
    expect(() => tinyTrainer({ maxLength: 78 })).toThrow(
      /maxLength .*integer from 2 to 77, got 78/,
    );
  });

  it.each<[unknown, string]>([
    [{}, 'got maxSteps undefined and epochs undefined'],
    [{ maxSteps: 0 }, 'got maxSteps 0'],
    [{ maxSteps: 1.5 }, 'got maxSteps 1.5'],
    [{ epochs: 0.5 }, 'epochs 0.5'],
    [{ maxSteps: 1, epochs: 1 }, 'got maxSteps 1 and epochs 1'],
    [
      { epochs: 1, max_steps: 3 },
      'Trainer.fit: max_steps: unknown option (known: maxSteps, epochs',
    ],
    [{ maxSteps: 1, onStep: 'bar' }, 'onStep: expected a function, got "bar"'],
    [10, 'Trainer.fit: expected options as a record, { name: value }, got 10'],
    [undefined, 'Trainer.fit: expected options as a record, { name: value }, got undefined'],
    [{ maxSteps: 1, signal: true }, 'signal: expected an AbortSignal, got true'],
    [
      { maxSteps: 1, signal: new AbortController() },
      'signal: expected an AbortSignal, got a AbortController',
    ],
  ])('tell of fit(%j)', async (options, message) => {
    const trainer = tinyTrainer({}, { dataset: firstImages(8) });
    await expect(trainer.fit(options as FitOptions)).rejects.toThrow(message);
    expect(trainer.step).toBe(0);
  });

  it('tell of a fit while another runs, which goes on', async () => {
    const trainer = tinyTrainer();
    const running = trainer.fit({ maxSteps: 2 });
    await expect(trainer.fit({ maxSteps: 2 })).rejects.toThrow('fit is running already');
    expect((await running).steps).toHaveLength(2);
  });
});
