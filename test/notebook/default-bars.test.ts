/** The bars and lines that the library shows in a cell by itself. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runFunctionsEagerly } from '../../lib/jit';
import * as sd from '../../lib/notebook';
import { disposeTrainers, firstImages, tinyTrainer } from '../training/tiny-trainer';
import { fakeNotebook } from '../support/notebook';
import { tinyParts } from '../support/tiny-model';

const PROMPT = 'A handwritten digit 4';

let parts: ReturnType<typeof tinyParts>;
let pipeline: sd.TextToImagePipeline;
let notebook: ReturnType<typeof fakeNotebook>;
beforeAll(() => {
  parts = tinyParts(3);
});
afterAll(() => {
  parts.unet.dispose();
  parts.textEncoder.dispose();
});
beforeEach(() => {
  runFunctionsEagerly(true);
  pipeline = new sd.TextToImagePipeline(parts);
  notebook = fakeNotebook();
});
afterEach(() => {
  runFunctionsEagerly(false);
  disposeTrainers();
  vi.restoreAllMocks();
});

const draw = (options: sd.GenerateOptions = {}) =>
  pipeline.generate(PROMPT, { seed: 7, numInferenceSteps: 3, size: [8, 6], ...options });
const shown = () => notebook.shown();

describe('a seed', () => {
  it('is drawn where none is given, said, and draws the same again', async () => {
    const first = await draw({ seed: undefined });
    expect(shown()).toEqual([expect.stringContaining(`seed=${first.seed}`)]);
    expect(Number.isInteger(first.seed) && first.seed >= 0 && first.seed < 2 ** 32).toBe(true);
    expect(JSON.parse(JSON.stringify({ seed: first.seed }))).toEqual({ seed: first.seed });
    const again = await draw({ seed: first.seed });
    expect(again.images.data).toEqual(first.images.data);
    expect(again.seed).toBe(first.seed);
    const seeds = new Set([first.seed]);
    for (let i = 0; i < 5; i++) seeds.add((await draw({ seed: undefined })).seed);
    expect(seeds.size).toBe(6);
  });

  it('that is given is the one, and not shown', async () => {
    expect((await draw({ seed: 2 ** 53 - 1 })).seed).toBe(2 ** 53 - 1);
    expect(shown().map(String).join()).not.toContain('seed');
  });

  it('is not asked for at all', async () => {
    const { images, seed } = await pipeline.generate('', undefined);
    expect(images.shape).toEqual([1, 28, 28, 1]);
    expect(seed).toBeGreaterThanOrEqual(0);
  });
});

describe('the bar of generate', () => {
  it('counts the steps, and stays', async () => {
    await draw();
    expect(shown()).toEqual([expect.stringMatching(/^generate: 100%\|█{20}\| 3\/3 \[.*step/)]);
  });

  it.each<[string, () => void, sd.GenerateOptions]>([
    ['progressBar: false', () => {}, { progressBar: false }],
    ["the pipeline's config", () => pipeline.setProgressBarConfig({ disable: true }), {}],
  ])('is not shown with %s', async (_, set, options) => {
    set();
    await draw(options);
    expect(shown()).toEqual([]);
  });

  it('is shown once where the config is overruled, by another name', async () => {
    pipeline.setProgressBarConfig({ disable: true, description: 'digits' });
    await draw({ progressBar: true });
    expect(shown()).toEqual([expect.stringMatching(/^digits: 100%/)]);
  });

  it.each([{ disabled: true }, { disable: 1 }, { leave: 'no' }, { description: 5 }])(
    'refuses the config %j',
    (config) => {
      expect(() => pipeline.setProgressBarConfig(config as object)).toThrow(/setProgressBarConfig/);
    },
  );

  it('goes away within another bar, whatever moves that', async () => {
    const bar = sd.progress(2);
    for (let i = 0; i < 2; i++) {
      await draw();
      bar.update();
    }
    bar.close();
    expect(shown()).toEqual([expect.stringMatching(/^100%.* 2\/2/), '']);
    for (const _ of sd.progress([1, 2, 3])) await draw();
    for await (const _ of sd.progress(3)) await draw();
    expect(shown().filter((text) => text !== '')).toHaveLength(3);
  });

  it('is one for a loop without a bar of its own, and another one in the next cell', async () => {
    for (let i = 0; i < 5; i++) await draw();
    expect(shown()).toHaveLength(1);
    notebook.nextCell();
    await draw();
    expect(shown()).toHaveLength(2);
    expect(notebook.sent.at(-1)!.cell).toBe(2);
  });

  it('is one for each of several at the same time', async () => {
    await Promise.all([draw(), draw()]);
    expect(shown().filter((text) => text !== '')).toHaveLength(1); // the second ran within the first
  });

  it('says that it was stopped', async () => {
    const callbackOnStepEnd = ({ step }: sd.StepEnd) => void (step === 1 && notebook.pressStop());
    await expect(draw({ callbackOnStepEnd })).rejects.toThrow(sd.Interrupted);
    expect(shown()).toEqual([expect.stringMatching(/1\/3 \[.*\] stopped$/)]);
  });
});

describe('other loops', () => {
  it('an evaluation counts images, in one bar', async () => {
    await sd.drawDigits(pipeline, { numImages: 20, batchSize: 10, numInferenceSteps: 2 });
    expect(shown()).toEqual([expect.stringMatching(/^evaluate: 100%.* 20\/20 \[.*image\/s/)]);
    await sd.drawDigits(pipeline, {
      numImages: 10,
      batchSize: 10,
      numInferenceSteps: 1,
      progressBar: false,
    });
    expect(shown()).toHaveLength(1);
  });

  it('an evaluation without a seed draws what the seed 0 draws', async () => {
    const options = { numImages: 10, batchSize: 10, numInferenceSteps: 1, progressBar: false };
    const [one, zero] = [
      await sd.drawDigits(pipeline, options),
      await sd.drawDigits(pipeline, { ...options, seed: 0 }),
    ];
    expect(one.images.data).toEqual(zero.images.data);
  });

  it("the judge's training shows its loss", async () => {
    const data = { train: firstImages(100), test: firstImages(20) };
    const judge = await sd.trainJudge(data, { epochs: 1, batchSize: 20 });
    judge.dispose();
    expect(shown()).toEqual([expect.stringMatching(/^train judge: 100%.* 5\/5 .*loss=/)]);
  });

  it('a training shows its loss, and says how to go on after Stop', async () => {
    const trainer = tinyTrainer();
    const onStep = ({ step }: { step: number }) => void (step === 2 && notebook.pressStop());
    await trainer.fit({ maxSteps: 4, onStep });
    expect(shown()).toEqual([
      expect.stringMatching(/^train: .*2\/4 .*loss=.*\] stopped: run the cell again to go on$/),
    ]);
    notebook.nextCell();
    await trainer.fit({ maxSteps: 4 });
    expect(shown().at(-1)).toMatch(/^train: 100%.* 4\/4/);
  });

  it('a training that failed does not say that it goes on', async () => {
    const onStep = ({ step }: { step: number }) => {
      if (step === 2) throw new Error('no room');
    };
    await expect(tinyTrainer().fit({ maxSteps: 4, onStep })).rejects.toThrow('no room');
    expect(shown()).toEqual([expect.stringMatching(/^train: .*[12]\/4 .*\] stopped$/)]);
  });

  it('a training in epochs counts its batches', async () => {
    const trainer = tinyTrainer({}, { dataset: firstImages(12) });
    await trainer.fit({ epochs: 2 });
    expect(shown()).toEqual([expect.stringMatching(/^train: 100%.* 6\/6/)]);
  });

  it('a training shows none where the cell has one, or if it is off', async () => {
    const bar = sd.progress(2);
    await tinyTrainer().fit({ maxSteps: 2, onStep: () => bar.update() });
    bar.close();
    expect(shown()).toEqual([expect.stringMatching(/^100%/)]);
    await tinyTrainer().fit({ maxSteps: 1, progressBar: false });
    expect(shown()).toHaveLength(1);
  });
});

describe('lines', () => {
  const lines = () => {
    const written: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    return written;
  };

  it('a finished training says that it is, and what to do', async () => {
    const trainer = tinyTrainer();
    await trainer.fit({ maxSteps: 2 });
    const written = lines();
    await trainer.fit({ maxSteps: 2 });
    await trainer.fit({ maxSteps: 1 });
    expect(written.join('')).toBe(
      'Trainer.fit: already at maxSteps 2, so there is nothing to train: raise maxSteps, or choose a new folder.\n' +
        'Trainer.fit: already at maxSteps 1, so there is nothing to train: raise maxSteps, or choose a new folder.\n',
    );
  });

  it('outside of a notebook nothing is written or shown', async () => {
    Reflect.deleteProperty(globalThis, Symbol.for('kernel.display'));
    const written = lines();
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await draw();
    const trainer = tinyTrainer();
    await trainer.fit({ maxSteps: 1 });
    await trainer.fit({ maxSteps: 1 });
    expect([written, notebook.sent]).toEqual([[], []]);
    expect(emit.mock.calls).toEqual([[expect.stringContaining('already'), 'TrainingWarning']]);
  });
});

describe('progress of a number', () => {
  it('is looped over, as trange', async () => {
    expect([...sd.progress(3)]).toEqual([0, 1, 2]);
    const seen: number[] = [];
    for await (const i of sd.progress(2)) seen.push(i);
    expect(seen).toEqual([0, 1]);
    expect([...sd.progress(0)]).toEqual([]);
  });
});
