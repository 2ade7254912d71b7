/** Stop in whatever is made of `generate`: the cell ends, and nothing half-done is given as a picture. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { runFunctionsEagerly } from '../../lib/jit';
import { drawDigits } from '../../lib/mnist/evaluation/generated-images';
import { trainJudge } from '../../lib/mnist/evaluation/train-judge';
import { progress } from '../../lib/notebook/progress';
import type { GenerateOptions } from '../../lib/pipelines/generate-options';
import type { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { Interrupted, isInterrupted, nextMacrotask } from '../../lib/stop';
import { disposeTrainers, firstImages, tinyTrainer } from '../training/tiny-trainer';
import { fakeNotebook } from '../support/notebook';
import { useTinyPipeline } from '../support/tiny-pipeline';

const PROMPT = 'A handwritten digit 4';

let pipeline: TextToImagePipeline;
let notebook: ReturnType<typeof fakeNotebook>;
useTinyPipeline((made) => void ({ pipeline } = made));
beforeEach(() => {
  runFunctionsEagerly(true);
  notebook = fakeNotebook();
});
afterEach(() => {
  runFunctionsEagerly(false);
  disposeTrainers();
});

const draw = (options: Partial<GenerateOptions> = {}) =>
  pipeline.generate(PROMPT, { seed: 7, numInferenceSteps: 3, size: [8, 6], ...options });
/** Presses Stop at a step. */
const stopAt = (at: number) => ({
  callbackOnStepEnd: ({ step }: { step: number }) => void (step === at && notebook.pressStop()),
});
const outcome = (run: Promise<unknown>) =>
  run.then(
    () => 'whole',
    (thrown: Error) => `${thrown.name}: ${thrown.message}`,
  );
/** Whether a promise is answered within some turns. */
const settles = (run: Promise<unknown>) => {
  const turns = (async () => {
    for (let i = 0; i < 50; i++) await nextMacrotask();
    return false;
  })();
  return Promise.race([turns, run.then(() => true).catch(() => true)]);
};

describe('one call', () => {
  it('rejects with Interrupted, which says how far it was', async () => {
    const thrown: unknown = await draw(stopAt(1)).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(Interrupted);
    expect(isInterrupted(thrown)).toBe(true);
    expect((thrown as Error).message).toMatch(/stopped after step 1 of 3; no image is whole/);
  });

  it('is whole if Stop comes at the last step', async () => {
    const { images } = await draw(stopAt(3));
    notebook.nextCell();
    expect(images.data).toEqual((await draw()).images.data);
  });

  it('takes no step if its signal was aborted before', async () => {
    let steps = 0;
    const callbackOnStepEnd = () => void steps++;
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await outcome(draw({ signal, callbackOnStepEnd }))).toBe('Error: enough');
    expect(steps).toBe(0);
  });

  it('leaves no tensor and no controller', async () => {
    await draw();
    const before = tf.memory().numTensors;
    expect(await outcome(draw({ ...stopAt(2), guidanceScale: 3 }))).toMatch(/^Interrupted/);
    expect(tf.memory().numTensors).toBe(before);
    expect(notebook.stops.size).toBe(0);
  });

  it('is not what other errors are', () => {
    for (const other of [new Error('x'), 'Interrupted', null, undefined, { name: 'Interrupted' }]) {
      expect(isInterrupted(other)).toBe(false);
    }
  });
});

describe('a loop of calls', () => {
  const scales = [0, 5, 10, 20, 50, 100];

  it('ends at once; what was whole is kept', async () => {
    const rows: unknown[] = [];
    const sweep = (async () => {
      for (const guidanceScale of scales) {
        const { images } = await draw({ guidanceScale, ...(guidanceScale === 10 && stopAt(2)) });
        rows.push(images);
      }
    })();
    expect(await outcome(sweep)).toMatch(/^Interrupted/);
    expect(rows).toHaveLength(2);
  });

  it('ends where the calls go on side by side', async () => {
    const all = Promise.allSettled([draw(), draw(stopAt(1)), draw({ guidanceScale: 2 })]);
    const reasons = (await all).map(
      (one) => one.status === 'rejected' && isInterrupted(one.reason),
    );
    expect(reasons).toEqual([true, true, true]);
  });

  it.each(['for', 'while', 'forEach of promises', 'reduce', 'recursion'])(
    'that catches everything is refused each further call: %s',
    async (kind) => {
      let [whole, refused, tried] = [0, 0, 0];
      const one = async () => {
        tried += 1;
        try {
          await draw(tried === 2 ? stopAt(1) : {});
          whole += 1;
        } catch {
          refused += 1;
        }
      };
      if (kind === 'for') for (const _ of scales) await one();
      if (kind === 'while') while (tried < 6) await one();
      if (kind === 'forEach of promises') {
        await one();
        await one();
        await Promise.all(scales.slice(2).map(one));
      }
      if (kind === 'reduce') await scales.reduce((before) => before.then(one), Promise.resolve());
      if (kind === 'recursion') {
        const next = async (): Promise<void> => {
          await one();
          if (tried < 6) await next();
        };
        await next();
      }
      expect([whole, refused, tried]).toEqual([1, 5, 6]);
    },
  );

  it('without an end, which catches everything, is over with the second Stop', async () => {
    let calls = 0;
    const endless = (async () => {
      for (;;) {
        calls += 1;
        try {
          await draw(calls === 1 ? stopAt(1) : {});
        } catch {
          if (calls === 3) notebook.breakOff();
        }
      }
    })();
    expect(await settles(endless)).toBe(false);
    const reached = calls;
    expect(await settles(endless)).toBe(false);
    expect(calls).toBe(reached);
    expect(reached).toBeLessThan(6);
  });

  it('the next cell draws again', async () => {
    expect(await outcome(draw(stopAt(1)))).toMatch(/^Interrupted/);
    expect(await outcome(draw())).toMatch(/^Interrupted: The cell was stopped/);
    notebook.nextCell();
    expect(await outcome(draw())).toBe('whole');
  });

  it('of progress ends, though its body caught the stop', async () => {
    let bodies = 0;
    const loop = (async () => {
      for await (const _ of progress(scales)) {
        bodies += 1;
        await draw(bodies === 2 ? stopAt(1) : {}).catch(() => {});
      }
    })();
    expect(await outcome(loop)).toMatch(/^Interrupted/);
    expect(bodies).toBe(2);
  });

  it('of progress is not begun in a stopped cell', async () => {
    notebook.pressStop();
    const loop = (async () => {
      for await (const _ of progress(scales)) throw new Error('begun');
    })();
    expect(await outcome(loop)).toMatch(/^Interrupted/);
  });

  it('with a signal of its own is ended by Stop too', async () => {
    const { signal } = new AbortController();
    expect(await outcome(draw({ signal, ...stopAt(1) }))).toMatch(/^Interrupted/);
  });
});

describe('what else draws, trains or waits', () => {
  it('an evaluation rejects, and its next batch is not begun', async () => {
    const shares: number[] = [];
    const run = drawDigits(pipeline, {
      seed: 1,
      numImages: 60,
      batchSize: 20,
      numInferenceSteps: 2,
      onProgress: (share) => {
        shares.push(share);
        if (shares.length === 3) notebook.pressStop();
      },
    });
    expect(await outcome(run)).toMatch(/^Interrupted/);
    expect(shares).toHaveLength(3);
  });

  it("the judge's training rejects and leaves nothing", async () => {
    const data = { train: firstImages(200), test: firstImages(20) };
    const before = tf.memory().numTensors;
    const onStep = ({ step }: { step: number }) => void (step === 2 && notebook.pressStop());
    const run = trainJudge(data, { epochs: 1, batchSize: 20, onStep });
    expect(await outcome(run)).toMatch(/^Interrupted: .* step 2 of 10/);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('a training ends its cell normally, and says that it was stopped', async () => {
    const trainer = tinyTrainer();
    const onStep = ({ step }: { step: number }) => void (step === 2 && notebook.pressStop());
    const history = await trainer.fit({ maxSteps: 9, onStep });
    expect([history.stopped, history.steps.length]).toEqual([true, 2]);
  });

  it('a training whose samples are being drawn ends in the same way', async () => {
    const trainer = tinyTrainer();
    let after = 0;
    const history = await trainer.fit({
      maxSteps: 9,
      onStep: async ({ step }) => {
        if (step === 2) await draw(stopAt(1));
        after = step;
      },
      onEnd: ({ stopped }) => expect(stopped).toBe(true),
    });
    expect([history.stopped, history.steps.length, after]).toEqual([true, 2, 1]);
    notebook.nextCell();
    const { steps, stopped } = await trainer.fit({ maxSteps: 4 });
    expect([steps.length, stopped]).toEqual([4, false]);
  });

  it('of several trainings in a loop the next is not begun', async () => {
    const trainers = [tinyTrainer(), tinyTrainer()];
    const onStep = ({ step }: { step: number }) => void (step === 2 && notebook.pressStop());
    const loop = (async () => {
      for (const trainer of trainers) await trainer.fit({ maxSteps: 5, onStep });
    })();
    expect(await outcome(loop)).toMatch(/^Interrupted: The cell was stopped/);
    expect(trainers.map(({ step }) => step)).toEqual([2, 0]);
    expect(await settles(trainers[1]!.fit({ maxSteps: 1 }))).toBe(true); // it is not taken to run
  });

  it('an error of a callback is not taken for a stop', async () => {
    const onStep = () => Promise.reject(new Error('mine'));
    expect(await outcome(tinyTrainer().fit({ maxSteps: 2, onStep }))).toBe('Error: mine');
    const thrown = () => Promise.reject(new Interrupted());
    expect(await outcome(tinyTrainer().fit({ maxSteps: 2, onStep: thrown }))).toMatch(/^Interr/);
  });
});
