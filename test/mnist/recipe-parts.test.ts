import { readFileSync } from 'node:fs';
import path from 'node:path';
import ndarray from 'ndarray';
import { describe, expect, it } from 'vitest';
import { tokenLengths } from '../../lib/image-datasets/report';
import { BLOG_UNET_CONFIG, SMALL_TEXT_CONFIG } from '../../lib/mnist/presets';
import { recipeObjective, recipeParts } from '../../lib/mnist/recipe-parts';
import { RECIPES } from '../../lib/mnist/recipes';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { numParameters, stateDict } from '../../lib/nn/state-dict';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { saveCheckpoint } from '../../lib/pretrained/checkpoint';
import { Generator } from '../../lib/random';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { FlowMatchEulerDiscreteScheduler } from '../../lib/schedulers/flow-match-euler-discrete';
import { makeSampler } from '../../lib/schedulers/samplers';
import { FlowMatchObjective } from '../../lib/training/flow-match-objective';
import { Trainer } from '../../lib/training/trainer';
import { TextToImageObjective } from '../../lib/training/text-to-image-objective';
import { temporaryFolder } from '../parity/python';
import { TINY_TEXT, TINY_UNET } from '../support/tiny-configs';
import { quickMnist, tinyParts } from '../support/tiny-model';

const tiny = { unetConfig: TINY_UNET, textConfig: TINY_TEXT };

/** Every weight of both models, in the order of their names. */
const numbersOf = (parts: { unet: object; textEncoder: object }) =>
  [parts.unet, parts.textEncoder].flatMap((model) =>
    [...stateDict(model)].map(([name, { data }]) => [name, [...data]] as const),
  );
const dispose = (parts: { unet: UNet2DConditionModel; textEncoder: CLIPTextModel }) => {
  parts.unet.dispose();
  parts.textEncoder.dispose();
};

describe('the parts of a recipe', () => {
  it.each(['fast', 'best', 'adamw', 'blog'] as const)(
    '%s: the blog’s, drawn from the recipe’s seed',
    (name) => {
      const recipe = RECIPES[name];
      const init = new Generator(recipe.trainer.seed).stream('init');
      const unet = new UNet2DConditionModel(BLOG_UNET_CONFIG, init);
      const textEncoder = new CLIPTextModel(SMALL_TEXT_CONFIG, init);
      const parts = recipeParts(recipe, { dataset: quickMnist() });
      for (const model of ['unet', 'textEncoder'] as const) {
        const [made, expected] = [stateDict(parts[model]), stateDict({ unet, textEncoder }[model])];
        expect([...made.keys()]).toEqual([...expected.keys()]);
        for (const [key, { data }] of expected) {
          expect(
            Buffer.compare(Buffer.from(made.get(key)!.data.buffer), Buffer.from(data.buffer)),
          ).toBe(0);
        }
      }
      expect(parts.noiseScheduler.config).toMatchObject(recipe.scheduler);
      expect(parts.tokenizer).toBeInstanceOf(CLIPTokenizer);
      expect(parts.dataset).toBe(quickMnist());
      dispose(parts);
      dispose({ unet, textEncoder });
    },
  );

  it('has the 60,000 images of MNIST unless others are given', () => {
    const parts = recipeParts(RECIPES.blog, tiny);
    expect(parts.dataset.length).toBe(60_000);
    expect(parts.dataset.labels.subarray(0, 5)).toEqual(Uint8Array.of(5, 0, 4, 1, 9));
    dispose(parts);
  });

  it('of emoji are in colour, with a tokenizer that knows all of their words', () => {
    const parts = recipeParts(RECIPES.emoji);
    const { unet, textEncoder, tokenizer, dataset } = parts;
    expect(unet.config).toMatchObject({ in_channels: 3, out_channels: 3, sample_size: 32 });
    expect(textEncoder.config.vocab_size).toBe(tokenizer.vocabSize);
    expect(textEncoder.config.hidden_size).toBe(unet.config.cross_attention_dim);
    expect(dataset.images.shape.slice(1)).toEqual([32, 32, 3]);
    expect(dataset.captions).toContain('noto emoji of grinning face');
    expect(dataset.captions.join()).not.toMatch(/apple|woman/);
    const { maxLength } = RECIPES.emoji.objective;
    expect(tokenLengths(dataset.captions, tokenizer, maxLength).over).toBe(0);
    // 32 MB in float32, 16 in float16
    expect(numParameters(unet) + numParameters(textEncoder)).toBeLessThan(8e6);
    dispose(parts);
  });

  it('differ by the seed alone', () => {
    const dataset = quickMnist();
    const [a, b, c] = [7, 7, 8].map((seed) =>
      recipeParts(RECIPES.blog, { ...tiny, dataset, seed }),
    );
    expect(numbersOf(a!)).toEqual(numbersOf(b!));
    expect(numbersOf(a!)).not.toEqual(numbersOf(c!));
    const expected = tinyParts(7);
    expect(numbersOf(a!)).toEqual(numbersOf(expected));
    for (const parts of [a!, b!, c!, expected]) dispose(parts);
  });

  it('takes those that are given, and draws the UNet as before', () => {
    const own = tinyParts(3);
    const dataset = quickMnist();
    const { textEncoder, tokenizer } = own;
    const parts = recipeParts(RECIPES.best, { ...tiny, dataset, textEncoder, tokenizer });
    expect(parts.textEncoder).toBe(textEncoder);
    expect(parts.tokenizer).toBe(tokenizer);
    const drawn = recipeParts(RECIPES.best, { ...tiny, dataset });
    expect([...stateDict(parts.unet)]).toEqual([...stateDict(drawn.unet)]);
    parts.unet.dispose();
    dispose(drawn);
    dispose(own);
  });

  it('treats undefined as not given', () => {
    const dataset = quickMnist();
    const none = { seed: undefined, textEncoder: undefined, tokenizer: undefined };
    const [a, b] = [
      recipeParts(RECIPES.best, { ...tiny, dataset, ...none }),
      recipeParts(RECIPES.best, { ...tiny, dataset }),
    ];
    expect(numbersOf(a)).toEqual(numbersOf(b));
    dispose(a);
    dispose(b);
  });

  it('are what a training takes, also with images of one’s own', async () => {
    const images = ndarray(new Uint8Array(4 * 8 * 8), [4, 8, 8]);
    const dataset = {
      images,
      captionIds: Int32Array.of(0, 1, 0, 1),
      captions: ['ink', 'paper'],
      length: 4,
    };
    const recipe = { ...RECIPES.best, trainer: { ...RECIPES.best.trainer, batchSize: 2 } };
    const parts = recipeParts(recipe, { ...tiny, dataset });
    const trainer = new Trainer(new TextToImageObjective(parts, recipe.objective), recipe.trainer);
    const { steps } = await trainer.fit({ maxSteps: 2 });
    expect(steps).toHaveLength(2);
    trainer.dispose();
    dispose(parts);
  });

  it('leaves nothing behind when it fails', () => {
    const dataset = quickMnist();
    const textConfig = { ...TINY_TEXT, num_attention_heads: 5 };
    expect(() => {
      expect(() => recipeParts(RECIPES.best, { ...tiny, dataset, textConfig })).toThrow(
        /num_attention_heads/,
      );
    }).toLeakNothing();
    const bad = { ...RECIPES.best, scheduler: { beta_schedule: 'cubic' as 'linear' } };
    expect(() => recipeParts(bad, { ...tiny, dataset })).toThrow(/beta_schedule/);
  });
});

describe('the recipe flow', () => {
  const dataset = quickMnist();
  const { flow, adamw } = RECIPES;

  it('has the settings of adamw, but for schedule and loss', () => {
    const { method, scheduler, objective, ...same } = flow;
    expect({ method, scheduler }).toEqual({ method: 'flow_matching', scheduler: { shift: 1 } });
    expect(objective.captionDropout).toBe(adamw.objective.captionDropout);
    expect(adamw).toMatchObject(same);
  });

  it('is trained by its objective, saved, loaded and drawn by its scheduler', async () => {
    const parts = recipeParts(flow, { ...tiny, dataset });
    expect(parts.noiseScheduler).toBeInstanceOf(FlowMatchEulerDiscreteScheduler);
    const objective = recipeObjective(flow, parts);
    expect(objective).toBeInstanceOf(FlowMatchObjective);
    expect(objective.flowOptions.weightingScheme).toBe('logit_normal');
    const trainer = new Trainer(objective, { ...flow.trainer, batchSize: 2 });
    await trainer.fit({ maxSteps: 2 });
    const folder = temporaryFolder();
    const { unet, textEncoder, tokenizer, noiseScheduler: scheduler } = parts;
    saveCheckpoint(folder, { unet, textEncoder, tokenizer, scheduler });
    const index = JSON.parse(readFileSync(path.join(folder, 'model_index.json'), 'utf8')) as object;
    expect(index).toMatchObject({ scheduler: ['diffusers', 'FlowMatchEulerDiscreteScheduler'] });
    const loaded = TextToImagePipeline.fromPretrained<FlowMatchEulerDiscreteScheduler>(folder);
    expect(loaded.scheduler.config).toEqual(scheduler.config);
    const options = { seed: 1, numInferenceSteps: 2 };
    const drawn = await loaded.generate('A handwritten digit 4', options);
    const same = await new TextToImagePipeline({
      ...parts,
      scheduler: makeSampler('flow', scheduler.config),
    }).generate('A handwritten digit 4', options);
    expect(drawn.images.data).toEqual(same.images.data);
    (loaded as { scheduler: object }).scheduler = new DDPMScheduler();
    await expect(loaded.generate('4', options)).rejects.toThrow(
      'expected a scheduler of flow matching (FlowMatchEulerDiscreteScheduler), as the pipeline',
    );
    loaded.dispose();
    trainer.dispose();
    dispose(parts);
  });

  it('is refused by name where there is no recipe, as of a name that is misspelt', () => {
    const none = (RECIPES as Record<string, unknown>)['fats'] as never;
    expect(() => recipeParts(none, { ...tiny, dataset } as never)).toThrow(
      'recipeParts: expected a recipe, such as RECIPES.fast, got undefined.',
    );
    expect(() => recipeObjective(none, {} as never)).toThrow('recipeObjective: expected a recipe');
  });

  it('refuses the parts of another recipe', () => {
    const parts = recipeParts(adamw, { ...tiny, dataset });
    expect(() => recipeObjective(flow, parts as never)).toThrow(
      'recipeObjective: expected the parts of this recipe (recipeParts), got ones with a DDPMScheduler.',
    );
    dispose(parts);
  });
});
