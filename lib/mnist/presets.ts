/** The configs of the blog's model and of a small text encoder, in the keys of diffusers and transformers. */
import type { CLIPTextConfig } from '../models/clip-text-config';
import type { UNet2DConditionConfig } from '../models/unet-2d-condition-config';
import type { DDPMSchedulerConfig } from '../schedulers/ddpm';

/** The blog's UNet: 3,140,385 parameters. */
export const BLOG_UNET_CONFIG = {
  sample_size: 28,
  in_channels: 1,
  out_channels: 1,
  layers_per_block: 2,
  block_out_channels: [32, 64, 64, 32],
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  cross_attention_dim: 512,
} as const satisfies Partial<UNet2DConditionConfig>;

/** The blog's noise schedule. */
export const BLOG_SCHEDULER_CONFIG = {
  num_train_timesteps: 1000,
  beta_schedule: 'squaredcos_cap_v2',
} as const satisfies Partial<DDPMSchedulerConfig>;

/**
 * The text encoder that is trained from scratch where CLIP's weights are not at hand. As wide as CLIP's
 * (512), so that the UNet is the blog's; two layers, since ten captions that differ in one word need
 * the causal attention to carry that word to the later tokens and little else; 1,046 tokens (see
 * scripts/trim_tokenizer.py). 3.7 million parameters where CLIP has 63 million.
 */
export const SMALL_TEXT_CONFIG = {
  vocab_size: 1046,
  hidden_size: 512,
  intermediate_size: 512,
  num_hidden_layers: 2,
  num_attention_heads: 8,
  bos_token_id: 1044,
  eos_token_id: 1045,
  pad_token_id: 1045,
} as const satisfies Partial<CLIPTextConfig>;
