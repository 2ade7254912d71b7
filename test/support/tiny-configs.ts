import { SMALL_TEXT_CONFIG } from '../../lib/mnist/presets';

/** Configs of small models that have every kind of part. */
export const TINY_UNET = {
  sample_size: 28,
  in_channels: 1,
  out_channels: 1,
  layers_per_block: 1,
  block_out_channels: [16, 32],
  norm_num_groups: 8,
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
