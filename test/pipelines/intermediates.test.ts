import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { GifReader } from 'omggif';
import { afterAll, beforeAll, expect, it } from 'vitest';
import '../../lib/figure/save-images';
import { denoisingAnimation } from '../../lib/charts/denoising';
import { runFunctionsEagerly } from '../../lib/jit';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import type { Images } from '../../lib/images/images';
import { temporaryRoot } from '../support/temporary';
import { tinyParts } from '../support/tiny-model';

const folder = mkdtempSync(path.join(temporaryRoot, 'intermediates-'));
const options = { seed: 7, numInferenceSteps: 4, size: [8, 6] as const };
let pipeline: TextToImagePipeline;
let parts: ReturnType<typeof tinyParts>;
beforeAll(() => {
  runFunctionsEagerly(true);
  parts = tinyParts(3);
  pipeline = new TextToImagePipeline(parts);
});
afterAll(() => {
  runFunctionsEagerly(false);
  pipeline.dispose();
  parts.unet.dispose();
  parts.textEncoder.dispose();
  rmSync(folder, { recursive: true });
});

it('are what the callback is told at each step, and the last is the image', async () => {
  const told: { timestep: number; sample: Images; predOriginalSample: Images }[] = [];
  const { images, intermediates } = await pipeline.generate(['a', 'b'], {
    ...options,
    returnIntermediates: true,
    callbackOnStepEnd: ({ timestep, sample, predOriginalSample }) =>
      void told.push({ timestep, sample: sample(), predOriginalSample: predOriginalSample() }),
  });
  expect([...intermediates]).toEqual(told);
  expect(intermediates.map(({ timestep }) => timestep)).toEqual([750, 500, 250, 0]);
  expect(intermediates.at(-1)!.sample.data).toEqual(images.data);
  expect(denoisingAnimation(intermediates).alt).toContain('4 steps from t = 750 to t = 0');
});

it('are saved, a frame for each step with all images', async () => {
  const { intermediates } = await pipeline.generate(['a', 'b'], {
    ...options,
    returnIntermediates: true,
  });
  const frames = async (name: string, more: object = {}) => {
    const gif = new GifReader(
      readFileSync(await intermediates.save(path.join(folder, name), more)),
    );
    return Array.from({ length: gif.numFrames() }, (_, i) => {
      const pixels = new Uint8Array(gif.width * gif.height * 4);
      gif.decodeAndBlitFrameRGBA(i, pixels);
      return pixels[4 * (2 * gif.width + 2)]; // the first pixel within the rim
    });
  };
  const first = ({ data }: Images) => Math.round(255 * data[0]!);
  expect(await frames('a.gif')).toEqual(intermediates.map(({ sample }) => first(sample)));
  const expected = intermediates.map(({ predOriginalSample }) => first(predOriginalSample));
  expect(await frames('b.gif', { of: 'predOriginalSample' })).toEqual(expected);
});

it('are kept only if asked for, and then alone saved', async () => {
  const { intermediates } = await pipeline.generate('a', options);
  expect(intermediates).toHaveLength(0);
  const save = (name: string, more: object = {}) =>
    intermediates.save(path.join(folder, name), more);
  await expect(save('none.gif')).rejects.toThrow(/got none.*returnIntermediates: true/);
  await expect(save('x.gif', { of: 'x0' })).rejects.toThrow(/of to be 'sample'/);
  const kept = await pipeline.generate('a', { ...options, returnIntermediates: true });
  const png = kept.intermediates.save(path.join(folder, 'x.png'));
  await expect(png).rejects.toThrow(/ends in \.gif or \.apng, got/);
});
