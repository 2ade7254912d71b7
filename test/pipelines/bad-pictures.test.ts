/** Pictures, masks and strengths that are none: each refused in words; and what counts for one call. */
import ndarray from 'ndarray';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { addAdapter, deleteAdapters } from '../../lib/nn/lora/adapters';
import { ImageToImagePipeline, type ImageToImageOptions } from '../../lib/pipelines/image-to-image';
import { InpaintPipeline, type InpaintOptions } from '../../lib/pipelines/inpaint';
import { leastStrength, strengthPlan } from '../../lib/pipelines/strength';
import { DDIMScheduler } from '../../lib/schedulers/ddim';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { FlowMatchEulerDiscreteScheduler } from '../../lib/schedulers/flow-match-euler-discrete';
import { HeunDiscreteScheduler } from '../../lib/schedulers/heun-discrete';
import { fixtureModelFolder } from '../support/model';
import { pictureParts } from '../support/picture-parts';

const folder = fixtureModelFolder('pictures');
const partsOf = () => pictureParts(folder, new DDPMScheduler());
let parts: ReturnType<typeof partsOf>;
let change: ImageToImagePipeline<
  (typeof parts)['unet'],
  (typeof parts)['textEncoder'],
  (typeof parts)['tokenizer'],
  DDPMScheduler
>;
let mend: InpaintPipeline<
  (typeof parts)['unet'],
  (typeof parts)['textEncoder'],
  (typeof parts)['tokenizer'],
  DDPMScheduler
>;
beforeAll(() => {
  parts = partsOf();
  change = new ImageToImagePipeline(parts);
  mend = new InpaintPipeline(parts);
});
afterAll(() => {
  change.dispose();
  mend.dispose();
  parts.unet.dispose();
});

const grey = (shape: number[], value = 0.5) =>
  ndarray(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value), shape);
const image = grey([8, 8]);
const open = grey([8, 8], 1);
const few = { seed: 1, numInferenceSteps: 4 };

async function refuses(run: () => Promise<unknown>, message: RegExp): Promise<void> {
  const before = tf.memory().numTensors;
  await expect(run()).rejects.toThrow(message);
  expect(tf.memory().numTensors).toBe(before);
}

describe('a picture', () => {
  const bad: readonly [string, object, RegExp][] = [
    ['none', { image: undefined }, /image: expected an ndarray or Images.* got undefined/],
    ['null', { image: null }, /got null/],
    ['a name of a file', { image: 'four.png' }, /got four\.png/],
    ['plain numbers', { image: [[0, 1]] }, /got Array/],
    ['a typed array', { image: new Float32Array(64) }, /got Float32Array/],
    ['doubles', { image: ndarray(new Float64Array(64), [8, 8]) }, /array of Float64Array/],
    [
      'from −1 to 1',
      { image: grey([8, 8], -1) },
      /got -1 to -1\. From −1 to 1\? Then give \(x \+ 1\)/,
    ],
    ['bytes as floats', { image: grey([8, 8], 255) }, /got 255 to 255\. Bytes\?/],
    ['far out of range', { image: grey([8, 8], 1e6) }, /from 0 to 1, got 1000000/],
    ['NaN', { image: grey([8, 8], NaN) }, /NaN/],
    ['a row', { image: grey([8]) }, /expected \[H, W\].* got \[8\]/],
    ['five dimensions', { image: grey([1, 1, 8, 8, 1]) }, /got \[1, 1, 8, 8, 1\]/],
    ['nothing in it', { image: grey([0, 8, 8, 1]) }, /got \[0, 8, 8, 1\]/],
    ['in colour', { image: grey([1, 8, 8, 3]) }, /expected 1 channel, as the model has/],
    [
      'of another size',
      { image: grey([9, 8]) },
      /got 9 × 8 pixels\. Resize it, or pass size: \[9, 8\]/,
    ],
    ['of another size than said', { size: [10, 10] }, /10 × 10 pixels, as size says, got 8 × 8/],
    ['two for three prompts', { image: grey([2, 8, 8]) }, /one for each of 3 prompts, got 2/],
    ['strength below 0', { strength: -0.1 }, /strength: expected a number from 0 to 1, got -0\.1/],
    ['strength above 1', { strength: 1.1 }, /got 1\.1/],
    ['no number as strength', { strength: NaN }, /got NaN/],
    ['strength as a text', { strength: '0.5' }, /strength: expected/],
    [
      'too little strength',
      { strength: 0.2 },
      /at least 0\.25 with 4 steps, got 0\.2, which leaves no step/,
    ],
    ['strength 0', { strength: 0 }, /leaves no step/],
    ['an option of none', { imageGuidance: 2 }, /imageGuidance: unknown option/],
    ['a bad seed', { seed: -1 }, /seed: expected/],
    ['a mask', { mask: open }, /mask: unknown option/],
    ['a scale without adapters', { crossAttentionKwargs: { scale: 0.5 } }, /scale: expected 1/],
    ['a scale of none', { crossAttentionKwargs: { scale: NaN } }, /crossAttentionKwargs: expected/],
  ];
  it.each(bad)('%s', async (name, given, message) => {
    const prompt = name.includes('three') ? ['0', '1', '0'] : '0';
    const options = { ...few, image, ...given } as ImageToImageOptions;
    await refuses(() => change.generate(prompt, options), message);
  });
});

describe('a mask', () => {
  const bad: readonly [string, object, RegExp][] = [
    ['none', { mask: undefined }, /mask: expected an ndarray/],
    ['of another shape', { mask: grey([8, 7], 1) }, /mask: expected \[8, 8\].* got \[8, 7\]/],
    ['too many', { mask: grey([2, 8, 8], 1) }, /got \[2, 8, 8\]/],
    ['in colour', { mask: grey([1, 8, 8, 3], 1) }, /got \[1, 8, 8, 3\]/],
    ['that keeps everything', { mask: grey([8, 8], 0) }, /keeps everything/],
    ['out of range', { mask: grey([8, 8], 2) }, /mask: expected numbers from 0 to 1/],
    ['NaN', { mask: grey([8, 8], NaN) }, /mask: .*NaN/],
    ['a jump without a number', { jumpLength: 2 }, /jumpNSample: expected an integer ≥ 1/],
    ['a number without a jump', { jumpNSample: 2 }, /jumpLength: expected an integer ≥ 1/],
    ['no jump', { jumpLength: 0, jumpNSample: 2 }, /jumpLength: expected/],
    [
      'a jump with strength',
      { jumpLength: 2, jumpNSample: 2, strength: 0.5 },
      /expected 1 with jumpLength/,
    ],
    [
      'a jump over DDPM',
      { jumpLength: 2, jumpNSample: 2 },
      /expected a DDIMScheduler.*got DDPMScheduler/,
    ],
  ];
  it.each(bad)('%s', async (_, given, message) => {
    const options = { ...few, image, mask: open, ...given } as InpaintOptions;
    await refuses(() => mend.generate('0', options), message);
  });

  it('RePaint over another spacing', async () => {
    const other = InpaintPipeline.fromPipe(mend['base']);
    other.scheduler = new DDIMScheduler({ timestep_spacing: 'trailing' });
    const options = { ...few, image, mask: open, jumpLength: 2, jumpNSample: 2 };
    await refuses(() => other.generate('0', options), /timestep_spacing 'trailing'.*fromConfig/);
  });
});

describe('strength', () => {
  it('is cut down as in Python, and said', () => {
    const ddpm = new DDPMScheduler();
    expect(strengthPlan(ddpm, 50, 0.58)).toMatchObject({ steps: 28, timestep: 540 });
    expect(strengthPlan(ddpm, 50, 0.58).text).toBe(
      'strength 0.58 of 50 steps: 28 steps from t = 540',
    );
    expect(strengthPlan(ddpm, 50, 0.29).steps).toBe(14);
    expect(strengthPlan(ddpm, 100, 0.29).steps).toBe(28);
    expect(strengthPlan(ddpm, 50, 1).text).toMatch(/from t = 980; even there the picture counts/);
    const heun = new HeunDiscreteScheduler();
    expect(heun.timesteps.length - strengthPlan(heun, 20, 0.3).begin).toBeGreaterThan(0);
    expect(strengthPlan(heun, 20, 0.3).steps).toBe(6);
    expect(heun.timesteps.length - strengthPlan(heun, 20, 0.3).begin).toBe(11);
    // SD3 cuts the steps before, not those after
    expect(strengthPlan(new FlowMatchEulerDiscreteScheduler(), 50, 0.58).steps).toBe(29);
  });

  it('has a least one for each number of steps', () => {
    for (let steps = 1; steps <= 1000; steps++) {
      expect(Math.trunc(steps * leastStrength(steps)), `${steps}`).toBeGreaterThanOrEqual(1);
      expect(leastStrength(steps)).toBeLessThanOrEqual(1);
    }
  });
});

it('one picture goes with many prompts, one prompt with many pictures', async () => {
  const two = grey([2, 8, 8]);
  two.data.fill(0.2, 64);
  const [one, many] = [
    await change.generate(['0', '1'], { ...few, image }),
    await change.generate('0', { ...few, image: two, numImagesPerPrompt: 2 }),
  ];
  expect(one.images.shape).toEqual([2, 8, 8, 1]);
  expect(many.images.shape).toEqual([4, 8, 8, 1]);
  expect(many.prompts).toEqual(['0', '0', '0', '0']);
  const bytes = ndarray(new Uint8Array(64).fill(255), [8, 8]);
  await change.generate('0', { ...few, image: bytes });
});

it('adapters count as often as a call says, without a new trace', async () => {
  addAdapter(parts.unet, { r: 2, targetModules: ['to_q', 'to_v'], initLoraWeights: false });
  const draw = async (scale?: number) => {
    const options = scale === undefined ? few : { ...few, crossAttentionKwargs: { scale } };
    return [...(await change.generate('0', { ...options, image, strength: 1 })).images.data];
  };
  const whole = await draw();
  const compilations = () => change['base']['steps'].compilations;
  const before = compilations();
  const none = await draw(0);
  expect(none).not.toEqual(whole);
  expect(await draw(1)).toEqual(whole);
  expect(compilations()).toEqual(before);
  deleteAdapters(parts.unet, 'default');
  const plain = await draw();
  none.forEach((value, i) => expect(value).toBeCloseTo(plain[i]!, 4));
});
