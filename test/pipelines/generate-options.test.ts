import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { runFunctionsEagerly } from '../../lib/jit';
import { tf } from '../../lib/backend';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { namedParameters } from '../../lib/nn/state-dict';
import type { GenerateOptions } from '../../lib/pipelines/generate-options';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { Generator } from '../../lib/random';
import { TINY_UNET } from '../support/tiny-configs';
import { tinyParts } from '../support/tiny-model';

const PROMPT = 'A handwritten digit 4';

let parts: ReturnType<typeof tinyParts>;
let pipeline: TextToImagePipeline;
beforeAll(() => {
  parts = tinyParts();
  pipeline = new TextToImagePipeline(parts);
});
afterAll(() => pipeline.dispose());
beforeEach(() => runFunctionsEagerly(true));
afterEach(() => {
  runFunctionsEagerly(false);
  vi.restoreAllMocks();
});

/** Expects an error, and that nothing was run or changed. */
async function expectRefused(
  prompt: unknown,
  options: object,
  kind: unknown,
  message: string | RegExp,
) {
  const forward = vi.spyOn(parts.unet, 'forward');
  const { timesteps } = parts.scheduler;
  const before = tf.memory().numTensors;
  const run = pipeline.generate(prompt as string, options as GenerateOptions);
  const error: unknown = await run.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(kind);
  expect((error as Error).message).toMatch(message);
  expect(forward).not.toHaveBeenCalled();
  expect(parts.scheduler.timesteps).toBe(timesteps);
  expect(tf.memory().numTensors).toBe(before);
}

it.each([
  [undefined, 'expected a prompt as a string, got undefined'],
  [4, 'expected a prompt as a string, got 4'],
  [null, 'expected a prompt as a string, got null'],
  [[PROMPT, 4], 'expected a prompt as a string at position 1, got 4'],
  [[], 'expected at least one prompt, got none'],
])('refuses the prompt %j', async (prompt, message) => {
  await expectRefused(prompt, { seed: 1 }, TypeError, message);
});

const steps = 'numInferenceSteps: expected an integer from 1 to 1000, got';
it.each<[object, string]>([
  [{ numInferenceSteps: 0 }, `${steps} 0`],
  [{ numInferenceSteps: 1001 }, `${steps} 1001`],
  [{ numInferenceSteps: 2.5 }, `${steps} 2.5`],
  [{ numInferenceSteps: '50' }, `${steps} "50"`],
  [{ guidanceScale: NaN }, 'guidanceScale: expected a finite number, got NaN'],
  [{ guidanceScale: Infinity }, 'guidanceScale: expected a finite number, got Infinity'],
  [{ guidanceScale: '8' }, 'guidanceScale: expected a finite number, got "8"'],
  [{ seed: -1 }, 'seed: expected an integer from 0 to 2^53 − 1, got -1'],
  [{ seed: null }, 'seed: expected an integer from 0 to 2^53 − 1, got null'],
  [{ seed: '42' }, 'seed: expected an integer from 0 to 2^53 − 1, got "42"'],
  [{ progressBar: 1 }, 'progressBar: expected true or false, got 1'],
  [{ returnIntermediates: 'yes' }, 'returnIntermediates: expected true or false, got "yes"'],
  [{ negativePrompt: 3 }, 'negativePrompt: expected a string, got 3'],
  [{ numImagesPerPrompt: 0 }, 'numImagesPerPrompt: expected an integer ≥ 1, got 0'],
  [{ size: [28] }, 'size: expected [height, width], got [28]'],
  [{ size: null }, 'size: expected [height, width], got null'],
  [{ size: [28, 0] }, 'size: expected [height, width], got [28,0]'],
  [{ callbackOnStepEnd: 1 }, 'callbackOnStepEnd: expected a function, got 1'],
  [{ guidence: 8 }, 'guidence: unknown option (known: seed, numInferenceSteps, guidanceScale, '],
])('refuses the options %j', async (options, message) => {
  const error = new RegExp(message.replace(/[[\]()^+.]/g, '\\$&'));
  await expectRefused(PROMPT, { seed: 1, ...options }, RangeError, error);
});

it('refuses a number in their place', async () => {
  const message = /generate: expected options as a record, \{ name: value \}, got 50/;
  await expectRefused(PROMPT, 50 as never, TypeError, message);
});

it('names all bad options at once', async () => {
  const bad = { seed: 1.5, numInferenceSteps: 0, guidanceScale: NaN, steps: 5 };
  const names = Object.keys(bad).map((name) => `${name}: `);
  await expectRefused(PROMPT, bad, RangeError, new RegExp(names.join('.*')));
});

it('asks for a size where the UNet has none', async () => {
  const config = { ...TINY_UNET, sample_size: null };
  const unet = new UNet2DConditionModel(config, new Generator(0).stream('init'));
  const sizeless = new TextToImagePipeline({ ...parts, unet });
  await expect(sizeless.generate('', { seed: 1 })).rejects.toThrow('pass size: [H, W]');
  unet.dispose();
});

it('refuses a text encoder of another width than the UNet takes', () => {
  const unet = new UNet2DConditionModel(
    { ...TINY_UNET, cross_attention_dim: 24 },
    new Generator(0).stream('init'),
  );
  expect(() => new TextToImagePipeline({ ...parts, unet })).toThrow(
    "the text encoder's hidden_size (32) must equal the UNet's cross_attention_dim (24)",
  );
  unet.dispose();
});

it('tells of broken weights by what comes out', async () => {
  const bias = namedParameters(parts.unet).get('conv_out.bias')!;
  const healthy = bias.clone();
  tf.tidy(() => bias.assign(tf.tensor1d([NaN])));
  const run = pipeline.generate(PROMPT, { seed: 1, numInferenceSteps: 1, size: [8, 8] });
  await expect(run).rejects.toThrow('The images hold NaN');
  bias.assign(healthy);
  healthy.dispose();
});
