/** The pipeline as a user of diffusers guesses it: schedulers exchanged, any of them saved, prompts encoded. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { pixelCodec } from '../../lib/models/codec';
import { namedParameters } from '../../lib/nn/state-dict';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { BETA_SCHEDULER_CLASSES } from '../../lib/schedulers/by-class-name';
import { DDIMScheduler } from '../../lib/schedulers/ddim';
import { makeSampler, SAMPLER_NAMES } from '../../lib/schedulers/samplers';
import { temporaryFolder } from '../parity/python';
import { useTinyPipeline, type TinyPipeline } from '../support/tiny-pipeline';

const PROMPT = 'A handwritten digit 4';
const options = { seed: 7, numInferenceSteps: 3, size: [8, 6] } as const;
const folder = temporaryFolder();

let parts: TinyPipeline['parts'];
let pipeline: TextToImagePipeline;
useTinyPipeline((made) => void ({ parts, pipeline } = made));

describe('pipe.scheduler = …', () => {
  it('draws as a pipeline made with that scheduler, bit for bit', async () => {
    const own = pipeline.scheduler;
    for (const name of SAMPLER_NAMES) {
      const scheduler = makeSampler(name, parts.scheduler.config);
      const made = new TextToImagePipeline({ ...parts, scheduler });
      const expected = await made.generate(PROMPT, options);
      made.dispose();
      pipeline.scheduler = scheduler;
      const { images } = await pipeline.generate(PROMPT, options);
      expect(images.data, name).toEqual(expected.images.data);
    }
    expect(() => (pipeline.scheduler = 5 as never)).toThrow(
      'pipeline.scheduler: expected a scheduler, such as new DDIMScheduler(config), got 5.',
    );
    pipeline.scheduler = own;
  });

  it('shares a graph between schedulers that bound x0 alike', async () => {
    const fresh = new TextToImagePipeline(parts);
    for (const name of ['ddpm', 'ddim'] as const) {
      fresh.scheduler = makeSampler(name, parts.scheduler.config);
      await fresh.generate(PROMPT, options);
    }
    for (const name of ['euler', 'heun', 'dpm-solver++'] as const) {
      fresh.scheduler = makeSampler(name, parts.scheduler.config);
      await fresh.generate(PROMPT, options);
    }
    const graphs = fresh['steps'].compilations;
    // clipped and not; those that are not are given whole and other time steps: int32 and float32
    expect(graphs).toEqual([1, 2]);
    fresh.dispose();
  });

  it('takes DDIMScheduler.fromConfig(pipe.scheduler.config)', () => {
    const ddim = DDIMScheduler.fromConfig(pipeline.scheduler.config);
    expect(ddim.config.beta_schedule).toBe('squaredcos_cap_v2');
    expect(ddim.alphasCumprod).toEqual(pipeline.scheduler.alphasCumprod);
  });
});

describe('any class of scheduler', () => {
  it.each(Object.entries(BETA_SCHEDULER_CLASSES))(
    '%s saved in a folder loads again',
    (name, Class) => {
      const scheduler = Class.fromConfig(parts.scheduler.config);
      const saved = path.join(folder, name);
      new TextToImagePipeline({ ...parts, scheduler }).savePretrained(saved);
      const index = JSON.parse(
        readFileSync(path.join(saved, 'model_index.json'), 'utf8'),
      ) as object;
      expect(index).toMatchObject({ scheduler: ['diffusers', name] });
      const loaded = TextToImagePipeline.fromPretrained(saved);
      expect(loaded.scheduler).toBeInstanceOf(Class);
      expect(loaded.scheduler.config).toEqual(scheduler.config);
      loaded.dispose();
    },
  );
});

it('refuses to save a codec of its own, which no folder keeps', () => {
  const codec = { ...pixelCodec };
  const saved = path.join(folder, 'codec');
  expect(() => new TextToImagePipeline({ ...parts, codec }).savePretrained(saved)).toThrow(/codec/);
  expect(existsSync(saved)).toBe(false);
});

describe('encodePrompt', () => {
  it('gives the embeddings of prompts and of what guidance departs from', () => {
    tf.tidy(() => {
      const prompts = [PROMPT, 'A handwritten digit 1'];
      const found = pipeline.encodePrompt(prompts, { negativePrompt: 'A' });
      const encode = (texts: string[]) => {
        const { input_ids, shape } = parts.tokenizer.encode(texts, { maxLength: 8 });
        return parts.textEncoder.lastHiddenState(tf.tensor2d(input_ids, [...shape], 'int32'));
      };
      expect(found.promptEmbeds.dataSync()).toBeCloseToMax(encode(prompts).dataSync(), 1e-6);
      const negatives = encode(['A', 'A']).dataSync();
      expect(found.negativePromptEmbeds!.dataSync()).toBeCloseToMax(negatives, 1e-6);
      expect(pipeline.encodePrompt(PROMPT).negativePromptEmbeds).toBeNull();
    });
    expect(() => pipeline.encodePrompt(PROMPT).promptEmbeds.dispose()).toLeakNothing();
  });
});

describe('dispose', () => {
  it('frees the graphs of a pipeline over given parts, and no part', async () => {
    const made = new TextToImagePipeline(parts);
    await made.generate(PROMPT, options);
    const before = tf.memory().numTensors;
    made.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect([...namedParameters(parts.unet).values()].some((v) => v.isDisposed)).toBe(false);
    await pipeline.generate(PROMPT, options);
  });

  it('frees the models of a pipeline that loaded them, and may be called again', () => {
    pipeline.savePretrained(path.join(folder, 'whole'));
    const before = tf.memory().numTensors;
    const loaded = TextToImagePipeline.fromPretrained(path.join(folder, 'whole'));
    expect(tf.memory().numTensors).toBeGreaterThan(before);
    loaded.dispose();
    loaded.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('options given as undefined are the defaults', async () => {
  const names = [
    'numInferenceSteps',
    'guidanceScale',
    'guidanceRescale',
    'guidanceInterval',
    'negativePrompt',
    'numImagesPerPrompt',
    'extras',
    'callbackOnStepEnd',
    'signal',
  ];
  const undefineds = Object.fromEntries(names.map((name) => [name, undefined]));
  const given = { seed: 1, size: [4, 4] as const };
  const plain = await pipeline.generate(PROMPT, given);
  const { images } = await pipeline.generate(PROMPT, { ...given, ...undefineds });
  expect(images.data).toEqual(plain.images.data);
});
