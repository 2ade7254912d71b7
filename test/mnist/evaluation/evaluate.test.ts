import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { loadMnist } from '../../../lib/mnist/mnist';
import { evaluate, type EvaluateParts } from '../../../lib/mnist/evaluation/evaluate';
import { drawDigits } from '../../../lib/mnist/evaluation/generated-images';
import { Judge } from '../../../lib/mnist/evaluation/judge';
import { SHIPPED_JUDGE } from '../../../lib/mnist/shipped';
import { TextToImagePipeline } from '../../../lib/pipelines/text-to-image';
import { sharedConfig } from '../../../lib/schedulers/config';
import { DDIMScheduler } from '../../../lib/schedulers/ddim';
import { makeSampler } from '../../../lib/schedulers/samplers';
import { tinyParts } from '../../support/tiny-model';

vi.setConfig({ testTimeout: 300_000 });
const folder = mkdtempSync(path.join(tmpdir(), 'evaluate-'));
let parts: EvaluateParts;
beforeAll(() => {
  const { scheduler, ...models } = tinyParts();
  const ddim = makeSampler('ddim', scheduler.config);
  parts = {
    pipeline: new TextToImagePipeline({ ...models, scheduler: ddim }),
    judge: Judge.load(SHIPPED_JUDGE),
    test: loadMnist({ split: 'test', source: 'full' }),
  };
});
afterAll(() => {
  parts.pipeline.dispose();
  parts.judge.dispose();
  rmSync(folder, { recursive: true });
});

const options = { seed: 5, numImages: 60, batchSize: 20, numInferenceSteps: 2, guidanceScale: 2 };

it('goes on where it was stopped, to the same images and figures', async () => {
  const straight = await drawDigits(parts.pipeline, options);
  const stop = new AbortController();
  const onProgress = (share: number) => void (share > 0.4 && stop.abort());
  const kept = { ...options, folder };
  const cut = evaluate(parts, { ...kept, signal: stop.signal, onProgress });
  await expect(cut).rejects.toThrow('aborted');
  expect(readdirSync(folder)).toEqual(['batch-0000.safetensors', 'settings.json']);

  const shares: number[] = [];
  const found = await evaluate(parts, { ...kept, onProgress: (share) => void shares.push(share) });
  expect(shares).toEqual([3 / 6, 4 / 6, 5 / 6, 1].map((x) => expect.closeTo(x, 10) as number));
  const again = await drawDigits(parts.pipeline, kept);
  expect(again.images.data).toEqual(straight.images.data);
  expect([...again.labels.slice(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  expect(found.numImages).toBe(60);
  expect(found.overall.share).toBeLessThan(0.4); // the model was never trained
  expect(found.frechetRatio).toBeGreaterThan(5);
});

it('does not mix in images that were drawn otherwise', async () => {
  const other = { ...options, folder, guidanceScale: 3 };
  await expect(drawDigits(parts.pipeline, other)).rejects.toThrow('drawn with other settings');
  const { scheduler } = parts.pipeline;
  const eta = new DDIMScheduler(sharedConfig(scheduler.config), { eta: 0.5 });
  const noisy = new TextToImagePipeline({ ...parts.pipeline, scheduler: eta });
  const same = drawDigits(noisy, { ...options, folder });
  await expect(same).rejects.toThrow('drawn with other settings');
});

it('refuses numbers that do not fit', async () => {
  const text = 'expected batchSize as a multiple of 10';
  const draw = (change: object) => drawDigits(parts.pipeline, { ...options, ...change });
  await expect(draw({ numImages: 65 })).rejects.toThrow(text);
  await expect(draw({ batchSize: 15 })).rejects.toThrow(text);
});
