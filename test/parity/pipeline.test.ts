import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { numParameters } from '../../lib/nn/state-dict';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import {
  BLOG_SCHEDULER_CONFIG,
  BLOG_UNET_CONFIG,
  SMALL_TEXT_CONFIG,
} from '../../lib/mnist/presets';
import { SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { Generator, randn } from '../../lib/random';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import {
  MINUTES_10,
  perturb,
  readJson,
  readTensors,
  runPython,
  temporaryFolder,
  writeJson,
  writeTensors,
  type Numbers,
} from './python';

interface Found {
  readonly problems: readonly object[];
  readonly ids: number[][];
  readonly timesteps: number[];
  readonly scheduler: Record<string, unknown>;
  readonly whole: Record<string, string>;
  readonly parameters: number;
}

const PROMPTS = ['A handwritten digit 4', 'A handwritten digit 9'];
const SEED = 422;
const STEPS = 10;
const GUIDANCE = 8;

const folder = temporaryFolder();
const ours = new Map<string, ArrayLike<number>>();
let ids: Int32Array;
let found: Found;
let theirs: Map<string, Numbers>;

/** Noise of each step as the pipeline draws it, the starting noise first. */
function noises(): Record<string, tf.Tensor> {
  const stream = new Generator(SEED).stream('sampling');
  const entries = Array.from({ length: STEPS + 1 }, (_, i) => [
    `noise.${i}`,
    randn<tf.Rank.R4>([PROMPTS.length, 28, 28, 1], stream.at(i)),
  ]);
  return Object.fromEntries(entries) as Record<string, tf.Tensor>;
}

beforeAll(async () => {
  const stream = new Generator(1).stream('init');
  const pipeline = new TextToImagePipeline({
    unet: new UNet2DConditionModel(BLOG_UNET_CONFIG, stream),
    textEncoder: new CLIPTextModel(SMALL_TEXT_CONFIG, stream),
    tokenizer: CLIPTokenizer.fromPretrained(SMALL_TOKENIZER),
    scheduler: new DDPMScheduler(BLOG_SCHEDULER_CONFIG),
  });
  perturb(pipeline.unet, 1);
  perturb(pipeline.textEncoder, 2);
  pipeline.savePretrained(path.join(folder, 'model'));
  tf.tidy(() => writeTensors(path.join(folder, 'inputs.safetensors'), noises()));
  writeJson(path.join(folder, 'prompts.json'), PROMPTS);
  writeJson(path.join(folder, 'settings.json'), { steps: STEPS, guidance: GUIDANCE });

  const { tokenizer, textEncoder } = pipeline;
  ids = tokenizer.encode(PROMPTS).input_ids;
  const hidden = tf.tidy(() => textEncoder.lastHiddenState(tf.tensor2d(ids, [2, 8], 'int32')));
  ours.set('cond', hidden.dataSync());
  hidden.dispose();
  const { images } = await pipeline.generate(PROMPTS, {
    seed: SEED,
    numInferenceSteps: STEPS,
    guidanceScale: GUIDANCE,
    callbackOnStepEnd: ({ step, sample }) => void ours.set(`x.${step}`, sample().data),
  });
  ours.set('images', images.data);
  pipeline.dispose();

  runPython('pipeline.py', folder);
  found = readJson(path.join(folder, 'found.json')) as Found;
  theirs = readTensors(path.join(folder, 'out.safetensors'));
}, MINUTES_10);

it('diffusers and transformers load every part, with every weight', () => {
  expect(found.problems).toEqual([{}, {}]);
  const unet = UNet2DConditionModel.fromPretrained(path.join(folder, 'model', 'unet'));
  expect(found.parameters).toBe(numParameters(unet));
  unet.dispose();
});

it('the tokenizer gives the same ids, the text encoder the same embedding', () => {
  expect(found.ids.flat()).toEqual([...ids]);
  expect(ours.get('cond')).toBeCloseToMax(theirs.get('cond')!.data, 2e-5);
});

it('the scheduler has the same config and time steps', () => {
  const scheduler = new DDPMScheduler(BLOG_SCHEDULER_CONFIG);
  scheduler.setTimesteps(STEPS);
  expect(found.timesteps).toEqual([...scheduler.timesteps]);
  expect(found.scheduler).toMatchObject(scheduler.config);
});

it('StableDiffusionPipeline loads the folder as a whole, without a VAE', () => {
  expect(found.whole).toMatchObject({
    unet: 'UNet2DConditionModel',
    text_encoder: 'CLIPTextModel',
    scheduler: 'DDPMScheduler',
    vae: 'NoneType',
  });
  expect(found.whole['tokenizer']).toMatch(/^CLIPTokenizer/);
  expect(theirs.get('whole')!.data).toBeCloseToMax(theirs.get('parts')!.data, 0);
});

it(`sampling with guidance ${GUIDANCE} draws the same images from the same noise`, () => {
  const images = theirs.get('images')!.data; // one channel: NCHW and NHWC are the same numbers
  const inside = images.filter((x) => x > 0 && x < 1).length;
  expect(inside).toBeGreaterThan(images.length / 10); // not all clipped to black and white
  for (let step = 1; step <= STEPS; step++) {
    const x = theirs.get(`x.${step}`)!.data.map((v) => Math.min(1, Math.max(0, v / 2 + 0.5)));
    expect(ours.get(`x.${step}`), `step ${step}`).toBeCloseToMax(x, 1e-3);
  }
  expect(ours.get('images')).toBeCloseToMax(images, 1e-3); // measured: 2.6e-5
});
