import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runFunctionsEagerly } from '../../lib/jit';
import { tf } from '../../lib/backend';
import { loadStateDict, namedParameters, stateDict } from '../../lib/nn/state-dict';
import type { GenerateOptions, StepEnd } from '../../lib/pipelines/generate-options';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { Generator, randn } from '../../lib/random';
import { DDIMScheduler } from '../../lib/schedulers/ddim';
import { tinyParts } from '../support/tiny-model';

const PROMPT = 'A handwritten digit 4';
const SIZE: [number, number] = [8, 6]; // small, so that a step op by op takes little time

let parts: ReturnType<typeof tinyParts>;
let pipeline: TextToImagePipeline;
beforeAll(() => {
  parts = tinyParts(3);
  // Texts that matter: as drawn, the embeddings differ by too little to see.
  for (const [name, p] of namedParameters(parts.textEncoder)) {
    if (name.includes('token_embedding')) tf.tidy(() => p.assign(tf.mul(p, 20)));
  }
});
afterAll(() => pipeline.dispose());
beforeEach(() => {
  runFunctionsEagerly(true); // op by op; the last test compares with the graph
  pipeline = new TextToImagePipeline(parts);
});
afterEach(() => {
  runFunctionsEagerly(false);
  vi.restoreAllMocks();
});

async function draw(prompt: string | string[], options: Partial<GenerateOptions> = {}) {
  const settings = { seed: 7, numInferenceSteps: 3, size: SIZE, ...options };
  return (await pipeline.generate(prompt, settings)).images.data;
}

/** The batch sizes that the UNet was called with. */
function spyOnBatches(): number[] {
  const batches: number[] = [];
  const { unet } = parts;
  const forward = unet.forward.bind(unet);
  vi.spyOn(unet, 'forward').mockImplementation((sample, timestep, encoderHiddenStates) => {
    batches.push(sample.shape[0]);
    return forward(sample, timestep, encoderHiddenStates);
  });
  return batches;
}

/** The sampling written out: one call of the UNet for each text, u + s · (c − u), the scheduler's step. */
function byHand(
  texts: { prompt: string; negative: string },
  s: number,
  steps: number,
): Float32Array {
  const { unet, textEncoder, tokenizer, scheduler } = parts;
  const stream = new Generator(7).stream('sampling');
  const shape: [number, number, number, number] = [1, ...SIZE, 1];
  return tf.tidy(() => {
    const [u, c] = [texts.negative, texts.prompt].map((text) => {
      const { input_ids } = tokenizer.encode(text, { maxLength: 8 });
      return textEncoder.lastHiddenState(tf.tensor2d(input_ids, [1, 8], 'int32'));
    }) as [tf.Tensor3D, tf.Tensor3D];
    let x = randn<tf.Rank.R4>(shape, stream.at(0));
    scheduler.setTimesteps(steps);
    scheduler.timesteps.forEach((t, i) => {
      const time = tf.tensor1d([t], 'int32');
      const uncond = unet.forward(x, time, u);
      const cond = unet.forward(x, time, c);
      const guided = uncond.add(cond.sub(uncond).mul(s));
      const noise = randn(shape, stream.at(i + 1));
      x = scheduler.step(guided, t, x, noise).prevSample as tf.Tensor4D;
    });
    return x.div(2).add(0.5).clipByValue(0, 1).dataSync<'float32'>();
  });
}

describe('guidance', () => {
  it.each([0, 1, 2.5, 8])('is u + s · (c − u) with s = %d', async (s) => {
    const expected = byHand({ prompt: PROMPT, negative: '' }, s, 3);
    expect(await draw(PROMPT, { guidanceScale: s })).toBeCloseToMax(expected, 1e-4);
    const other = byHand({ prompt: PROMPT, negative: '' }, s + 1, 3);
    expect(other).not.toBeCloseToMax(expected, 1e-2);
  });

  it('departs from the negative prompt', async () => {
    const negative = 'A handwritten digit 9';
    const expected = byHand({ prompt: PROMPT, negative }, 3, 3);
    const options = { guidanceScale: 3, negativePrompt: negative };
    const images = await draw(PROMPT, options);
    expect(images).toBeCloseToMax(expected, 1e-4);
    expect(images).not.toBeCloseToMax(await draw(PROMPT, { guidanceScale: 3 }), 1e-3);
  });

  it('costs a batch of twice the images, and nothing at s = 1, which is the default', async () => {
    const batches = spyOnBatches();
    const plain = await draw([PROMPT, ''], { guidanceScale: 1 });
    expect(batches.splice(0)).toEqual([2, 2, 2]);
    expect(await draw([PROMPT, ''])).toEqual(plain);
    expect(batches.splice(0)).toEqual([2, 2, 2]);
    await draw([PROMPT, ''], { guidanceScale: 3 });
    expect(batches).toEqual([4, 4, 4]);
  });

  it('of 0 gives what the empty prompt gives', async () => {
    const unguided = await draw('');
    expect(await draw(PROMPT, { guidanceScale: 0 })).toBeCloseToMax(unguided, 1e-4);
    expect(await draw(PROMPT)).not.toBeCloseToMax(unguided, 1e-2);
  });
});

describe('generate', () => {
  it('gives the same images for the same seed, others for another', async () => {
    const images = await draw(PROMPT);
    expect(await draw(PROMPT)).toEqual(images);
    expect(await draw(PROMPT, { seed: 8 })).not.toBeCloseToMax(images, 0.1);
  });

  it('draws each prompt the number of times asked for, from noise of its own', async () => {
    const prompts = [PROMPT, 'A handwritten digit 1'];
    const options = { seed: 1, numInferenceSteps: 2, size: SIZE, numImagesPerPrompt: 2 };
    const output = await pipeline.generate(prompts, options);
    expect(output.images.shape).toEqual([4, 8, 6, 1]);
    expect(output.prompts).toEqual([prompts[0], prompts[0], prompts[1], prompts[1]]);
    expect(output.images.data.every((x) => x >= 0 && x <= 1)).toBe(true);
    const image = (i: number) => output.images.data.slice(i * 48, (i + 1) * 48);
    expect(image(0)).not.toBeCloseToMax(image(1), 0.1);
  });

  it("takes the UNet's own size unless told", async () => {
    const { images } = await pipeline.generate('', { seed: 1, numInferenceSteps: 1 });
    expect(images.shape).toEqual([1, 28, 28, 1]);
  });

  it('draws with the present weights', async () => {
    const { unet } = parts;
    const before = stateDict(unet);
    const images = await draw(PROMPT);
    const bias = namedParameters(unet).get('conv_out.bias')!;
    tf.tidy(() => bias.assign(tf.tensor1d([0.5])));
    expect(await draw(PROMPT)).not.toBeCloseToMax(images, 1e-2);
    loadStateDict(unet, before);
    expect(await draw(PROMPT)).toEqual(images);
  });

  it('takes any scheduler', async () => {
    const ddpm = parts.scheduler;
    const ddim = new DDIMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
    const other = new TextToImagePipeline({ ...parts, scheduler: ddim });
    const options = { seed: 7, numInferenceSteps: 3, size: SIZE };
    const { images } = await other.generate(PROMPT, options);
    expect(images.data.every(Number.isFinite)).toBe(true);
    expect(images.data).not.toBeCloseToMax(await draw(PROMPT), 1e-2);
    expect(ddpm.timesteps).not.toBe(ddim.timesteps);
  });

  it('leaks no tensor, also when a callback fails or it is stopped', async () => {
    await draw(PROMPT, { guidanceScale: 2 });
    const before = tf.memory().numTensors;
    await draw(PROMPT, { guidanceScale: 2 });
    const fail = () => Promise.reject(new Error('no'));
    await expect(draw(PROMPT, { callbackOnStepEnd: fail })).rejects.toThrow('no');
    await expect(draw(PROMPT, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('callback and stop', () => {
  it('tells of every step, with images from 0 to 1', async () => {
    const ends: Omit<StepEnd, 'sample' | 'predOriginalSample'>[] = [];
    let last: ArrayLike<number> = [];
    const images = await draw(PROMPT, {
      numInferenceSteps: 4,
      callbackOnStepEnd: async ({ sample, predOriginalSample, ...end }) => {
        ends.push(end);
        for (const { shape, data } of [sample(), predOriginalSample()]) {
          expect(shape).toEqual([1, 8, 6, 1]);
          expect(data.every((x) => x >= 0 && x <= 1)).toBe(true);
        }
        last = sample().data;
        await Promise.resolve();
      },
    });
    expect(ends).toEqual(
      [750, 500, 250, 0].map((timestep, i) => ({ step: i + 1, steps: 4, timestep })),
    );
    expect(last).toEqual(images);
  });

  it("stops after the present step, with the signal's reason and no picture", async () => {
    const controller = new AbortController();
    const steps: number[] = [];
    const run = draw(PROMPT, {
      numInferenceSteps: 20,
      signal: controller.signal,
      callbackOnStepEnd: ({ step }) => {
        steps.push(step);
        if (step === 2) controller.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(steps).toEqual([1, 2]);
  });

  it('is not stopped by an abort at the last step', async () => {
    const controller = new AbortController();
    const whole = await draw(PROMPT, { numInferenceSteps: 2 });
    const images = await draw(PROMPT, {
      numInferenceSteps: 2,
      signal: controller.signal,
      callbackOnStepEnd: ({ step }) => void (step === 2 && controller.abort()),
    });
    expect(images).toEqual(whole);
  });
});

it('draws the same as one graph, and sees weights that change between two drawings', async () => {
  const options = { guidanceScale: 8, numInferenceSteps: 5 };
  const eager = await draw(PROMPT, options);
  runFunctionsEagerly(false);
  expect(await draw(PROMPT, options)).toBeCloseToMax(eager, 1e-4);
  const before = tf.memory().numTensors;
  const bias = namedParameters(parts.unet).get('conv_out.bias')!;
  tf.tidy(() => bias.assign(tf.tensor1d([0.5])));
  const traced = await draw(PROMPT, options);
  expect(traced).not.toBeCloseToMax(eager, 1e-2);
  expect(tf.memory().numTensors).toBe(before);
  runFunctionsEagerly(true);
  expect(traced).toBeCloseToMax(await draw(PROMPT, options), 1e-4);
});
