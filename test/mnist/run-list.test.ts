import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ndarray from 'ndarray';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { Images } from '../../lib/images/images';
import { inpaintingUNet } from '../../lib/models/inpainting-unet';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { Generator } from '../../lib/random';
import { InpaintingObjective } from '../../lib/training/inpainting-objective';
import { TINY_UNET } from '../support/tiny-configs';
import { RECIPES } from '../../lib/mnist/recipes';
import { compareRuns } from '../../lib/mnist/compare-runs';
import { listRuns, modelFolder } from '../../lib/mnist/run-list';
import { SHIPPED_MODEL } from '../../lib/mnist/shipped';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { FlowMatchEulerDiscreteScheduler } from '../../lib/schedulers/flow-match-euler-discrete';
import { FlowMatchObjective } from '../../lib/training/flow-match-objective';
import { Trainer } from '../../lib/training/trainer';
import { loadCheckpoint } from '../../lib/pretrained/checkpoint';
import { loadEmaWeights, saveTraining } from '../../lib/training/checkpoints';
import { meanLoss } from '../../lib/training/history';
import { temporaryRoot } from '../support/temporary';
import { tinyParts } from '../support/tiny-model';
import { disposeTrainers, firstImages, tinyTrainer } from '../training/tiny-trainer';

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);
const folders = () => [at('checkpoints'), at('runs'), at('nowhere')];

async function train(run: string, trainer: Trainer, steps: readonly number[]) {
  for (const step of steps) {
    await trainer.fit({ maxSteps: step });
    saveTraining(run, trainer);
  }
  return trainer.history.steps;
}

let losses: Record<string, number>;
let flow: Trainer;
let filler: Trainer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(temporaryRoot, 'sdm-runs-'));
  mkdirSync(at('checkpoints', 'empty'), { recursive: true });
  writeFileSync(at('checkpoints', 'README.md'), '');
  const { fast, best, adamw, blog } = RECIPES;
  const fastTrainer = tinyTrainer(
    { ...fast.objective, ...fast.trainer, batchSize: 4 },
    { noiseScheduler: new DDPMScheduler(fast.scheduler) },
  );
  const bestTrainer = tinyTrainer(
    { ...best.objective, ...best.trainer, batchSize: 4 },
    { noiseScheduler: new DDPMScheduler(best.scheduler) },
  );
  const adamwTrainer = tinyTrainer(
    { ...adamw.objective, ema: adamw.trainer.ema },
    { noiseScheduler: new DDPMScheduler(adamw.scheduler) },
  );
  const blogTrainer = tinyTrainer({}, { noiseScheduler: new DDPMScheduler(blog.scheduler) });
  const own = tinyTrainer(
    { captionDropout: 0.5 },
    { noiseScheduler: new DDPMScheduler(blog.scheduler) },
  );
  const { scheduler: _, ...tiny } = tinyParts(1);
  const flowParts = {
    ...tiny,
    noiseScheduler: new FlowMatchEulerDiscreteScheduler(RECIPES.flow.scheduler),
    dataset: firstImages(8),
  };
  const { batchSize: __, ...flowOptions } = RECIPES.flow.trainer;
  flow = new Trainer(new FlowMatchObjective(flowParts, RECIPES.flow.objective), {
    ...flowOptions,
    batchSize: 8,
  });
  await train(at('flows', 'straight'), flow, [1]);
  const whole = tinyParts(2);
  const filling = new InpaintingObjective(
    {
      ...whole,
      unet: inpaintingUNet(whole.unet),
      noiseScheduler: new DDPMScheduler(adamw.scheduler),
      dataset: firstImages(8),
    },
    adamw.objective,
  );
  filler = new Trainer(filling, { ...adamw.trainer, batchSize: 8 });
  await train(at('others', 'filler'), filler, [1]);
  const { scheduler: ___, ...grey } = tinyParts(3);
  const inColour = {
    ...grey,
    unet: new UNet2DConditionModel(
      { ...TINY_UNET, in_channels: 3, out_channels: 3 },
      new Generator(3).stream('init'),
    ),
    dataset: {
      images: new Images(ndarray(new Uint8Array(4 * 28 * 28 * 3).fill(9), [4, 28, 28, 3])),
      captionIds: Int32Array.from([0, 1, 0, 1]),
      captions: ['a red 3', 'a blue 4'],
      length: 4,
    },
  };
  await train(at('others', 'colours'), tinyTrainer({}, inColour), [1]);
  await train(at('minutes', 'quick'), fastTrainer, [1]);
  await train(at('plain', 'plain'), adamwTrainer, [1]);
  losses = {
    mine: meanLoss(await train(at('checkpoints', 'mine'), bestTrainer, [2, 3, 5])),
    theirs: meanLoss(await train(at('runs', 'theirs'), blogTrainer, [1])),
    own: meanLoss(await train(at('runs', 'own'), own, [1])),
  };
}, 120_000);
afterAll(() => {
  disposeTrainers();
  flow.dispose();
  filler.dispose();
  rmSync(folder, { recursive: true });
});

describe('the runs', () => {
  it('are listed with recipe, steps, loss and date, from all places', () => {
    const rows = listRuns(folders());
    const row = (name: string) => rows.find(({ run }) => run === name);
    expect(rows).toHaveLength(3);
    expect(row('mine')).toMatchObject({ recipe: 'best', step: 5, checkpoints: [3, 5] });
    expect(row('theirs')).toMatchObject({ recipe: 'blog', step: 1, checkpoints: [1] });
    expect(row('own')?.recipe).toBe('other');
    for (const { run, loss, date } of rows) {
      expect(loss).toBeCloseTo(losses[run]!, 3);
      expect(Math.abs(Date.parse(date) - Date.now())).toBeLessThan(3_600_000);
    }
    expect(row('mine')?.folder).toBe(at('checkpoints', 'mine'));
  });

  it('of flow matching are told as such, and compared with their own sampler', async () => {
    expect(listRuns([at('flows')])).toMatchObject([{ run: 'straight', recipe: 'flow', step: 1 }]);
    const figure = await compareRuns(['straight'], {
      folders: [at('flows')],
      numInferenceSteps: 2,
    });
    expect(JSON.stringify(figure)).toContain('straight (flow matching)');
  });

  it('of the recipe for minutes, which differs from best in how it is trained', () => {
    expect(listRuns([at('minutes')])).toMatchObject([{ run: 'quick', recipe: 'fast', step: 1 }]);
    expect(listRuns([at('plain')])).toMatchObject([{ run: 'plain', recipe: 'adamw', step: 1 }]);
  });

  it('are none where there is no folder', () => {
    expect(listRuns([at('nowhere')])).toEqual([]);
  });

  it('leave out what was not finished', () => {
    mkdirSync(at('runs', 'half', 'checkpoint-7', 'unet'), { recursive: true });
    expect(listRuns(folders()).map(({ run }) => run)).not.toContain('half');
    expect(() => modelFolder('half', { folders: folders() })).toThrow(/got "half"/);
  });
});

describe('runs compared', () => {
  it('are one figure: a curve of each, and what each draws, the same each time', async () => {
    const before = tf.memory().numTensors;
    const options = { folders: folders(), numInferenceSteps: 2, smoothing: 0 };
    const figure = await compareRuns(['mine', 'theirs'], options);
    expect(figure.data.map(({ name }) => name)).toEqual([
      'mine (v_prediction)',
      'theirs (epsilon)',
    ]);
    expect(figure.data[0]?.x).toEqual([1, 2, 3, 4, 5]);
    expect(figure.alt).toMatch(/mine \(v_prediction\): 5 steps.*theirs \(epsilon\): 1 steps/);
    expect(figure.layout.images).toHaveLength(2);
    const again = await compareRuns(['mine', 'theirs'], options);
    expect(again.toJSON()).toEqual(figure.toJSON());
    expect(tf.memory().numTensors).toBe(before);
  });

  it('draw what they know: a model in colour its own captions, one for inpainting nothing', async () => {
    expect(
      listRuns([at('others')])
        .map(({ run, recipe }) => [run, recipe])
        .sort(),
    ).toEqual([
      ['colours', 'other'],
      ['filler', 'other'],
    ]);
    const said: string[] = [];
    const told = vi
      .spyOn(process, 'emitWarning')
      .mockImplementation((text) => void said.push(String(text)));
    const options = { folders: [at('others')], numInferenceSteps: 1 };
    const figure = await compareRuns(['colours', 'filler'], options);
    told.mockRestore();
    expect(figure.data.map(({ name }) => name)).toEqual([
      'colours (epsilon)',
      'filler (v_prediction, inpainting)',
    ]);
    expect(figure.layout.images).toHaveLength(1);
    expect(said.filter((text) => text.includes('not any of'))).toEqual([]);
  });

  it('are all there are, if none is named, and none is an error', async () => {
    const all = await compareRuns(undefined, { folders: folders(), numInferenceSteps: 1 });
    expect(all.data).toHaveLength(3);
    await expect(compareRuns(['mine', 'nobody'], { folders: folders() })).rejects.toThrow('nobody');
    await expect(compareRuns([], { folders: folders() })).rejects.toThrow(/at least one run/);
  });
});

describe('a model by name', () => {
  it('is the one that ships, or the newest checkpoint of a run, or the one of a step', () => {
    expect(modelFolder('shipped')).toBe(SHIPPED_MODEL);
    expect(modelFolder('mine', { folders: folders() })).toBe(at('checkpoints/mine/checkpoint-5'));
    const third = modelFolder('mine', { folders: folders(), step: 3 });
    expect(third).toBe(at('checkpoints/mine/checkpoint-3'));
    expect(modelFolder('theirs', { folders: folders() })).toBe(at('runs/theirs/checkpoint-1'));
  });

  it('can be loaded, with its averaged weights', () => {
    const parts = loadCheckpoint(modelFolder('mine', { folders: folders() }));
    expect(loadEmaWeights(modelFolder('mine', { folders: folders() }), parts)).toBe(true);
    parts.unet.dispose();
    parts.textEncoder.dispose();
  });

  it('is refused with the names and steps that are there', () => {
    const find = (name: string, step?: number) => modelFolder(name, { folders: folders(), step });
    expect(() => find('minee')).toThrow(/'mine'.* got "minee"/);
    expect(() => find('mine', 4)).toThrow(/\(3, 5\), got 4/);
    expect(() => find('shipped', 4)).toThrow(/no step of the model that ships, got 4/);
    for (const hostile of ['', '..', '../checkpoints/mine', '/', 'README.md', '__proto__']) {
      expect(() => find(hostile)).toThrow(/expected 'shipped', 'shipped-emoji' or a run/);
    }
    expect(() => modelFolder('any', { folders: [] })).toThrow(/none yet/);
  });

  it('is the checkpoint before, with a warning, where the newest is damaged', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    truncateSync(at('checkpoints/mine/checkpoint-5/training/optimizer.safetensors'), 100);
    expect(modelFolder('mine', { folders: folders() })).toBe(at('checkpoints/mine/checkpoint-3'));
    expect(warned).toHaveBeenCalledOnce();
    warned.mockRestore();
  });
});
