import { afterEach, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { bfloat16Support } from '../../lib/backend/node/bfloat16';
import { ImageToImagePipeline } from '../../lib/pipelines/image-to-image';
import type { GenerateOptions } from '../../lib/pipelines/generate-options';
import type { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { useTinyPipeline } from '../support/tiny-pipeline';

vi.setConfig({ testTimeout: 600_000 });

const support = bfloat16Support();
let pipeline: TextToImagePipeline;
let told: string[] = [];
useTinyPipeline((made) => void ({ pipeline } = made));
afterEach(() => {
  vi.restoreAllMocks();
  told = [];
});

const listen = () =>
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void told.push(String(message)));

const OPTIONS = { seed: 7, numInferenceSteps: 4, size: [16, 16], guidanceScale: 2 } as const;
async function draw(options: GenerateOptions = {}) {
  const { images } = await pipeline.generate(['4', '7'], { ...OPTIONS, ...options });
  return images.data;
}

const largest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);

/** Of the range of pixels. The models are not trained, and the first of few steps divides their error by 0.03. */
const BOUND = 5e-2;

it('draws in bfloat16 what it draws in float32', async () => {
  listen();
  const [exact, same] = [await draw(), await draw({ mixedPrecision: 'no' })];
  expect(same).toEqual(exact);
  const lower = await draw({ mixedPrecision: 'bf16' });
  expect(largest(lower, exact)).toBeLessThan(BOUND);
  expect(largest(lower, exact) > 0).toBe(support.isThere);
  expect(await draw()).toEqual(exact); // either graph is kept
  const tensors = tf.memory().numTensors;
  expect(await draw({ mixedPrecision: 'bf16' })).toEqual(lower);
  expect(tf.memory().numTensors).toBe(tensors);
});

it("says once what 'auto' is", async () => {
  listen();
  await draw({ mixedPrecision: 'auto' });
  await draw({ mixedPrecision: 'auto' });
  expect(told).toEqual([
    support.isThere
      ? `generate: mixedPrecision 'auto' is 'bf16' here, by ${support.by}.`
      : `generate: mixedPrecision 'auto' is 'no' here: ${support.why}.`,
  ]);
});

it('changes a picture in bfloat16, too', async () => {
  listen();
  const changer = new ImageToImagePipeline(pipeline);
  const start = await pipeline.generate('4', OPTIONS);
  const change = async (mixedPrecision: 'no' | 'bf16') => {
    const options = { ...OPTIONS, strength: 0.5, mixedPrecision };
    return (await changer.generate('7', { image: start.images, ...options })).images.data;
  };
  expect(largest(await change('bf16'), await change('no'))).toBeLessThan(BOUND);
});

it.each(['fp16', 1, null])('refuses %j', async (mixedPrecision) => {
  await expect(draw({ mixedPrecision: mixedPrecision as 'no' })).rejects.toThrow(
    /^generate: mixedPrecision: expected 'no', 'bf16' or 'auto', got /,
  );
});
