/** Image to image, inpainting and RePaint against diffusers' schedulers with the same noise. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { ImageToImagePipeline } from '../../lib/pipelines/image-to-image';
import { InpaintPipeline } from '../../lib/pipelines/inpaint';
import { repaintOrder } from '../../lib/pipelines/repaint';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { DDIMScheduler } from '../../lib/schedulers/ddim';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { DPMSolverMultistepScheduler } from '../../lib/schedulers/dpm-solver-multistep';
import { EulerDiscreteScheduler } from '../../lib/schedulers/euler-discrete';
import { HeunDiscreteScheduler } from '../../lib/schedulers/heun-discrete';
import type { Scheduler } from '../../lib/schedulers/scheduler';
import { goldenFolder } from '../support/golden';
import { fixtureModelFolder } from '../support/model';
import { givenImage, golden, pictureOf, pictureParts } from '../support/picture-parts';
import { temporaryRoot } from '../support/temporary';
import { tinyParts } from '../support/tiny-model';

const config = { beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012 } as const;
const SCHEDULERS: Record<string, () => Scheduler> = {
  ddpm: () => new DDPMScheduler(config),
  // of a velocity: with noise as output, rounding of the given noise grows beyond the bound
  ddim: () => new DDIMScheduler({ ...config, prediction_type: 'v_prediction' }),
  dpm: () => new DPMSolverMultistepScheduler(config),
  euler: () => new EulerDiscreteScheduler(config),
  heun: () => new HeunDiscreteScheduler(config),
};
const told = JSON.parse(
  readFileSync(path.join(goldenFolder('pictures'), 'runs.json'), 'utf8'),
) as Record<string, { first: number; count: number }>;
const options = { seed: 11, numInferenceSteps: 12 };
const mask = pictureOf(golden.get('in.mask')!);
const folder = fixtureModelFolder('pictures');

const partsOf = () => pictureParts(folder, SCHEDULERS['ddpm']!());
let parts: ReturnType<typeof partsOf>;
let text: TextToImagePipeline<
  (typeof parts)['unet'],
  (typeof parts)['textEncoder'],
  (typeof parts)['tokenizer']
>;

beforeAll(() => {
  parts = partsOf();
  text = new TextToImagePipeline(parts);
});
afterAll(() => {
  text.dispose();
  parts.unet.dispose();
});

const runs = Object.keys(told).filter((name) => !name.startsWith('repaint'));

describe('the trajectory of diffusers', () => {
  it.each(runs)('%s', async (run) => {
    const [kind, name, ...rest] = run.split('.') as [string, string, string, string];
    const strength = Number(rest.join('.'));
    const isInpaint = kind === 'inpaint';
    const pipeline = isInpaint
      ? InpaintPipeline.fromPipe(text)
      : ImageToImagePipeline.fromPipe(text);
    pipeline.scheduler = SCHEDULERS[name]!();
    const timesteps: number[] = [];
    const all = {
      ...options,
      image: givenImage(),
      strength,
      callbackOnStepEnd: ({ timestep }: { timestep: number }) => void timesteps.push(timestep),
      ...(isInpaint && { mask }),
    };
    const { images, description } = await pipeline.generate(['0', '1'], all as never);
    expect(parts.codec.last).toBeCloseToMax(golden.get(`out.${run}`)!.data, 2e-5);
    expect(timesteps).toHaveLength(told[run]!.count);
    expect(timesteps[0]).toBeCloseTo(told[run]!.first, 3);
    expect(description).toMatch(new RegExp(`^strength ${strength} of 12 steps: \\d+ steps from`));
    if (!isInpaint) return;
    const given = givenImage().data;
    mask.data.forEach((open, i) => {
      if (open === 0 && images.data[i] !== given[i]) expect(images.data[i]).toBe(given[i]);
    });
  });

  it('of all three strengths, five schedulers and both pipelines', () => {
    expect(runs).toHaveLength(30);
  });
});

describe('RePaint', () => {
  it.each([
    [50, 10, 10],
    [250, 10, 10],
    [20, 5, 3],
  ])('visits the time steps of diffusers: %s, %s, %s', (steps, jumpLength, jumpNSample) => {
    const expected = golden.get(`repaint.${steps}.${jumpLength}.${jumpNSample}`)!.data;
    const order = repaintOrder(steps, { jumpLength, jumpNSample });
    expect(order.map((k) => k * Math.floor(1000 / steps))).toEqual([...expected]);
  });

  it('once is plain DDIM', () => {
    expect(repaintOrder(4, { jumpLength: 1, jumpNSample: 1 })).toEqual([3, 2, 1, 0]);
  });

  it.each([0, 1])('gives the image of diffusers, eta %s', async (eta) => {
    const pipeline = InpaintPipeline.fromPipe(text);
    pipeline.scheduler = new DDIMScheduler(config, { eta });
    const jumps = { numInferenceSteps: 6, jumpLength: 2, jumpNSample: 2 };
    const { description, steps } = await pipeline.generate(['0', '1'], {
      ...options,
      ...jumps,
      image: givenImage(),
      mask,
    });
    expect(parts.codec.last).toBeCloseToMax(golden.get(`out.repaint.${eta}.0`)!.data, 2e-5);
    expect(steps).toBe(10);
    expect(description).toMatch(/RePaint, 6 steps.*asked 10 times/);
  });
});

it('shares the graphs of text to image', async () => {
  const fresh = new TextToImagePipeline(parts);
  const pipeline = ImageToImagePipeline.fromPipe(fresh);
  await fresh.generate(['0', '1'], { seed: 1, numInferenceSteps: 2 });
  await pipeline.generate(['0', '1'], { seed: 1, numInferenceSteps: 2, image: givenImage() });
  expect(fresh['steps'].compilations).toEqual([1]);
  pipeline.dispose(); // leaves them
  expect(fresh['steps'].compilations).toEqual([1]);
  fresh.dispose();
});

it.each([ImageToImagePipeline, InpaintPipeline])('%o frees the models that it loaded', (Class) => {
  const saved = path.join(mkdtempSync(path.join(temporaryRoot, 'pictures-')), 'model');
  const tiny = tinyParts(1);
  new TextToImagePipeline(tiny).savePretrained(saved);
  expect(() => Class.fromPretrained(saved).dispose()).toLeakNothing();
  tiny.unet.dispose();
  tiny.textEncoder.dispose();
  rmSync(path.dirname(saved), { recursive: true });
});

it('leaks nothing, whatever the end', async () => {
  const pipeline = InpaintPipeline.fromPipe(text);
  const all = { ...options, image: givenImage(), mask, guidanceScale: 2 };
  await pipeline.generate(['0', '1'], all);
  const before = tf.memory().numTensors;
  await pipeline.generate(['0', '1'], { ...all, strength: 0.5 });
  await expect(
    pipeline.generate(['0', '1'], {
      ...all,
      callbackOnStepEnd: () => {
        throw new Error('mine');
      },
    }),
  ).rejects.toThrow('mine');
  const controller = new AbortController();
  const stopping = {
    ...all,
    signal: controller.signal,
    callbackOnStepEnd: () => controller.abort(),
  };
  await expect(pipeline.generate(['0', '1'], stopping)).rejects.toThrow(/abort/i);
  expect(tf.memory().numTensors).toBe(before);
});
