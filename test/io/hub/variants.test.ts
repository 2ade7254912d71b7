/** Weights in variants: fp16, non_ema, in one file and in shards, as diffusers and transformers name them. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { filesOfModel } from '../../../lib/io/hub/model-files';
import {
  checkVariant,
  indexNames,
  parseWeightName,
  withVariant,
} from '../../../lib/io/safetensors/weight-names';
import { config, useHub, weights } from './hub-fixture';

const hub = useHub({
  'owner/half': { files: { 'config.json': config, 'model.fp16.safetensors': weights(3) } },
  'owner/both': {
    files: {
      'config.json': config,
      'model.safetensors': weights(2),
      'model.fp16.safetensors': weights(3),
      'model.fp16.bin': Buffer.from('pickle'),
    },
  },
});

describe('a download', () => {
  it('of the variant takes its files alone', async () => {
    const folder = await hub.download('owner/both', { variant: 'fp16' });
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.fp16.safetensors']);
    await hub.download('owner/both');
    expect(readdirSync(folder)).toContain('model.safetensors');
  });

  it('without the option names the file and the option', async () => {
    await expect(hub.download('owner/half')).rejects.toThrow(
      'owner/half (main): expected safetensors weights without a variant, found only model.fp16.safetensors. ' +
        "Pass the option { variant: 'fp16' }.",
    );
    await hub.download('owner/half', { variant: 'fp16' });
    await expect(hub.download('owner/half', { offline: true })).rejects.toThrow(/variant: 'fp16'/);
    const found = await hub.download('owner/half', { offline: true, variant: 'fp16' });
    expect(readdirSync(found).sort()).toEqual(['config.json', 'model.fp16.safetensors']);
  });

  it('of a variant that is not there says so', async () => {
    await expect(hub.download('owner/half', { variant: 'bf16' })).rejects.toThrow(
      /expected safetensors weights of the variant 'bf16', found only model\.fp16\.safetensors/,
    );
    await expect(hub.download('owner/both', { variant: 'bf16' })).rejects.toThrow(
      /expected weights of the variant 'bf16', found none, but model\.\S+ Leave out the option/,
    );
  });

  it.each(['', '.', '../x', 'a/b', 'a..b', '.fp16', 'fp16.', 'a b', 'a\0', 'x'.repeat(51)])(
    'of the variant %j is refused before anything is touched',
    async (variant) => {
      await expect(hub.download('owner/both', { variant })).rejects.toThrow(
        /a variant like 'fp16'/,
      );
      expect(readdirSync(hub.cacheDir)).toEqual([]);
    },
  );
});

/** What is taken of a repository, without the variant and with it. */
const choose = (files: readonly string[], variant?: string) =>
  filesOfModel(
    'm',
    files.map((path) => ({ path })),
    { subfolder: '', variant },
  ).map(({ path }) => path);

describe('of a repository are taken', () => {
  const shards = (stem: string, end = '') =>
    [1, 2].map((n) => `${stem}-0000${n}-of-00002${end}.safetensors`);

  it.each<[string, string[], string[]]>([
    [
      'shards as transformers 5 and diffusers write them',
      [...shards('model'), 'model.safetensors.index.json'],
      [...shards('model.fp16'), 'model.safetensors.index.fp16.json'],
    ],
    [
      'shards as diffusers wrote them before 0.28',
      [...shards('diffusion_pytorch_model'), 'diffusion_pytorch_model.safetensors.index.json'],
      [
        ...shards('diffusion_pytorch_model', '.fp16'),
        'diffusion_pytorch_model.safetensors.fp16.index.json',
      ],
    ],
    [
      'shards whose index is named as their file',
      [...shards('model'), 'model.safetensors.index.json'],
      [...shards('model.fp16'), 'model.fp16.safetensors.index.json'],
    ],
    ['one file', ['model.safetensors'], ['model.fp16.safetensors']],
    ['a file with dots of its own', ['v1.5-pruned.safetensors'], ['v1.5-pruned.fp16.safetensors']],
  ])('%s', (_, plain, half) => {
    const files = ['config.json', ...plain, ...half, 'model.bin', 'model.fp16.bin'];
    expect(choose(files)).toEqual(['config.json', ...plain]);
    expect(choose(files, 'fp16')).toEqual(['config.json', ...half]);
    expect(() => choose(['config.json', ...half])).toThrow(/Pass the option \{ variant: 'fp16' \}/);
    expect(() => choose(['config.json', ...half])).toThrow(half[0]);
  });

  it('of a pipeline the variant where there is one, else what has none, as diffusers does', () => {
    const files = [
      'model_index.json',
      'scheduler/scheduler_config.json',
      'text_encoder/config.json',
      'text_encoder/model.safetensors',
      'unet/config.json',
      'unet/diffusion_pytorch_model.fp16.safetensors',
      'unet/diffusion_pytorch_model.non_ema.safetensors',
      'unet/diffusion_pytorch_model.safetensors',
      'whole.fp16.safetensors',
      'whole.safetensors',
    ];
    const taken = (unet: string) => [...files.slice(0, 5), unet];
    expect(choose(files)).toEqual(taken('unet/diffusion_pytorch_model.safetensors'));
    expect(choose(files, 'fp16')).toEqual(taken('unet/diffusion_pytorch_model.fp16.safetensors'));
    expect(choose(files, 'non_ema')).toEqual(
      taken('unet/diffusion_pytorch_model.non_ema.safetensors'),
    );
    expect(() => choose(files, 'ema')).toThrow(/expected weights of the variant 'ema', found none/);
  });

  it('of a pipeline with one part in a variant only: the error names that file', () => {
    const files = [
      'model_index.json',
      'text_encoder/config.json',
      'text_encoder/model.safetensors',
      'unet/config.json',
      'unet/diffusion_pytorch_model.fp16.safetensors',
    ];
    expect(() => choose(files)).toThrow(/only unet\/diffusion_pytorch_model\.fp16\.safetensors/);
    expect(choose(files, 'fp16')).toHaveLength(5);
  });
});

it('names are made as both libraries make them', () => {
  expect(withVariant('model.safetensors', 'fp16')).toBe('model.fp16.safetensors');
  expect(withVariant('model.safetensors', undefined)).toBe('model.safetensors');
  expect(indexNames('model.safetensors', undefined)).toEqual(['model.safetensors.index.json']);
  expect(indexNames('model.safetensors', 'fp16')[0]).toBe('model.safetensors.index.fp16.json');
  for (const variant of ['fp16', 'non_ema', 'fp8_e4m3fn', 'ema-only', 'v1.5'])
    checkVariant(variant);
});

it.each<[string, ReturnType<typeof parseWeightName>]>([
  ['model.safetensors', { stem: 'model', variant: undefined, part: 'whole' }],
  ['model.v1.5.safetensors', { stem: 'model', variant: 'v1.5', part: 'whole' }],
  ['v1.5.safetensors', { stem: 'v1.5', variant: undefined, part: 'whole' }],
  ['v1.5.bf16.safetensors', { stem: 'v1.5', variant: 'bf16', part: 'whole' }],
  [
    'model.non_ema-00001-of-00009.safetensors',
    { stem: 'model', variant: 'non_ema', part: 'shard' },
  ],
  [
    'model-00001-of-00009.non_ema.safetensors',
    { stem: 'model', variant: 'non_ema', part: 'shard' },
  ],
  ['model.safetensors.index.non_ema.json', { stem: 'model', variant: 'non_ema', part: 'index' }],
  ['model.fp16.bin', undefined],
  ['model.safetensors.json', undefined],
  ['.safetensors', undefined],
])('%s', (name, parsed) => {
  expect(parseWeightName(name)).toEqual(parsed);
});
