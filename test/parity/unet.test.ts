import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import type { UNet2DConditionConfig } from '../../lib/models/unet-2d-condition-config';
import { BLOG_UNET_CONFIG } from '../../lib/mnist/presets';
import { Generator, randint, randn } from '../../lib/random';
import { nchw } from '../support/model';
import {
  MINUTES_10,
  perturb,
  readTensors,
  runPython,
  temporaryFolder,
  writeJson,
  writeTensors,
} from './python';

interface Case {
  readonly config: Partial<UNet2DConditionConfig>;
  readonly batch: number;
  readonly size: readonly [number, number];
  /** Tokens of the context and their width. */
  readonly context: readonly [number, number];
}

const CASES: Record<string, Case> = {
  blog: { config: BLOG_UNET_CONFIG, batch: 2, size: [28, 28], context: [8, 512] },
  'lists of values per block': {
    config: {
      sample_size: [18, 22],
      in_channels: 3,
      out_channels: 2,
      block_out_channels: [16, 32, 48],
      down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
      up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
      norm_num_groups: 8,
      layers_per_block: [1, 3, 2],
      attention_head_dim: [2, 4, 6],
      cross_attention_dim: [7, 20, 20], // the first block has no attention
      transformer_layers_per_block: [1, 2, 1],
      flip_sin_to_cos: false,
      freq_shift: 1,
    },
    batch: 2,
    size: [18, 22],
    context: [5, 20],
  },
  'attention everywhere, 16 groups, odd size': {
    config: {
      in_channels: 1,
      out_channels: 1,
      block_out_channels: [32, 64],
      down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
      up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
      norm_num_groups: 16,
      norm_eps: 1e-6,
      layers_per_block: 1,
      attention_head_dim: 4,
      cross_attention_dim: 24,
    },
    batch: 3,
    size: [21, 13],
    context: [3, 24],
  },
  'four blocks of one layer, odd at each halving': {
    config: {
      sample_size: 17,
      in_channels: 2,
      out_channels: 5,
      block_out_channels: [8, 16, 24, 32],
      down_block_types: [
        'DownBlock2D',
        'CrossAttnDownBlock2D',
        'DownBlock2D',
        'CrossAttnDownBlock2D',
      ],
      up_block_types: ['CrossAttnUpBlock2D', 'UpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
      norm_num_groups: 8,
      layers_per_block: 1,
      attention_head_dim: 2,
      cross_attention_dim: 10,
      transformer_layers_per_block: 2,
    },
    batch: 1,
    size: [17, 9],
    context: [1, 10],
  },
};

const folder = temporaryFolder();
const names = Object.keys(CASES);
const fileOf = (name: string, suffix = '') => path.join(folder, `${name}${suffix}.safetensors`);

/** Noise, time steps that include both ends, and a context. */
function inputsOf({ config, batch, size, context }: Case, seed: number) {
  const stream = new Generator(seed).stream('sampling');
  const ends = tf.tensor1d([999, 0].slice(0, batch), 'int32');
  const rest = randint<tf.Rank.R1>([batch - ends.size], 0, 1000, stream.next());
  return {
    sample: randn<tf.Rank.R4>([batch, ...size, config.in_channels!], stream.next()),
    timestep: tf.concat([ends, rest]),
    context: randn<tf.Rank.R3>([batch, ...context], stream.next()),
  };
}

/** The case that is run with a control net's residuals, too, and the shapes of its skip connections. */
const CONTROLLED = 'attention everywhere, 16 groups, odd size';
const SKIPS: [number, number, number, number][] = [
  [3, 21, 13, 32],
  [3, 21, 13, 32],
  [3, 11, 7, 32],
  [3, 11, 7, 64],
];

function residuals() {
  const stream = new Generator(77).stream('sampling');
  const down = SKIPS.map((shape) => randn<tf.Rank.R4>(shape, stream.next()));
  return { down, mid: randn<tf.Rank.R4>(SKIPS.at(-1)!, stream.next()) };
}

function controlledOutput(unet: UNet2DConditionModel): Float32Array {
  return tf.tidy(() => {
    const { sample, timestep, context } = inputsOf(CASES[CONTROLLED]!, names.indexOf(CONTROLLED));
    const { down, mid } = residuals();
    const extras = { downBlockAdditionalResiduals: down, midBlockAdditionalResidual: mid };
    return nchw(unet.forward(sample, timestep, context, extras));
  });
}

function outputOf(unet: UNet2DConditionModel, name: string): Float32Array {
  return tf.tidy(() => {
    const { sample, timestep, context } = inputsOf(CASES[name]!, names.indexOf(name));
    return nchw(unet.forward(sample, timestep, context));
  });
}

const ourOutputs = new Map<string, Float32Array>();

beforeAll(() => {
  for (const [seed, name] of names.entries()) {
    const { config } = CASES[name]!;
    const unet = new UNet2DConditionModel(config, new Generator(seed).stream('init'));
    perturb(unet, seed);
    unet.savePretrained(path.join(folder, 'ours', name));
    ourOutputs.set(name, outputOf(unet, name));
    if (name === CONTROLLED) ourOutputs.set('controlled', controlledOutput(unet));
    unet.dispose();
    tf.tidy(() => writeTensors(fileOf(name), inputsOf(CASES[name]!, seed)));
  }
  tf.tidy(() => {
    const { down, mid } = residuals();
    const named = down.map((tensor, i) => [`down.${i}`, tensor] as const);
    writeTensors(fileOf('residuals'), { ...Object.fromEntries(named), mid });
  });
  const configs = names.map((name) => [name, CASES[name]!.config]);
  writeJson(path.join(folder, 'cases.json'), Object.fromEntries(configs));
  runPython('unet.py', folder);
}, MINUTES_10);

it.each(names)('diffusers loads our model and gives the same output: %s', (name) => {
  const expected = readTensors(fileOf(name, '.out')).get('ours')!;
  expect(ourOutputs.get(name)).toBeCloseToMax(expected.data, 2e-5);
});

it.each(names)("we load diffusers' model and give the same output: %s", (name) => {
  const expected = readTensors(fileOf(name, '.out')).get('theirs')!;
  const unet = UNet2DConditionModel.fromPretrained(path.join(folder, 'theirs', name));
  expect(outputOf(unet, name)).toBeCloseToMax(expected.data, 2e-5);
  unet.dispose();
});

it("diffusers adds a control net's residuals at the same places", () => {
  const expected = readTensors(fileOf(CONTROLLED, '.out')).get('controlled')!;
  expect(ourOutputs.get('controlled')).toBeCloseToMax(expected.data, 2e-5);
  expect(ourOutputs.get('controlled')).not.toBeCloseToMax(ourOutputs.get(CONTROLLED)!, 0.1);
});
