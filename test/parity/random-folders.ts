/** Random configs of the model family: whole pipelines whose parts fit together. */
import type { CLIPTextConfig } from '../../lib/models/clip-text-config';
import type { UNet2DConditionConfig } from '../../lib/models/unet-2d-condition-config';
import { SMALL_TEXT_CONFIG } from '../../lib/mnist/presets';
import { BETA_SCHEDULES } from '../../lib/schedulers/betas';
import type { DDPMSchedulerConfig } from '../../lib/schedulers/ddpm';
import { PREDICTION_TYPES } from '../../lib/schedulers/prediction';
import { TIMESTEP_SPACINGS } from '../../lib/schedulers/timesteps';

/** The configs of one pipeline, the size of its images, and tokens of a text. */
export interface RandomFolder {
  readonly unet: Partial<UNet2DConditionConfig> & { in_channels: number; out_channels: number };
  readonly text: Partial<CLIPTextConfig>;
  readonly scheduler: Partial<DDPMSchedulerConfig>;
  readonly size: number;
  readonly maxLength: number;
  readonly steps: number;
}

/** @param random numbers from 0 to below 1 */
export function randomFolder(random: () => number): RandomFolder {
  const below = (count: number) => Math.floor(random() * count);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const is = () => random() < 0.5;

  const textHeads = pick([1, 2, 3, 4]);
  const hidden_size = textHeads * 4 * (1 + below(4));
  const max_position_embeddings = 8 + below(70);
  const text: RandomFolder['text'] = {
    ...SMALL_TEXT_CONFIG,
    hidden_size,
    vocab_size: SMALL_TEXT_CONFIG.vocab_size + below(3) * 50,
    intermediate_size: 8 * (1 + below(8)),
    num_hidden_layers: 1 + below(4),
    num_attention_heads: textHeads,
    max_position_embeddings,
    hidden_act: pick(['quick_gelu', 'gelu']),
    layer_norm_eps: pick([1e-5, 1e-6, 1e-3]),
    projection_dim: 4 * (1 + below(8)),
    initializer_factor: pick([1, 0.5]),
    initializer_range: pick([0.02, 0.01]),
    eos_token_id: pick([SMALL_TEXT_CONFIG.eos_token_id, 2]), // 2: the largest id, as in old configs
  };

  const blocks = 2 + below(3);
  const groups = pick([4, 8]);
  const heads = pick([1, 2, 4]);
  const crossed = Array.from({ length: blocks }, () => random() < 0.6);
  const unet: RandomFolder['unet'] = {
    sample_size: 16,
    in_channels: 1 + below(3),
    out_channels: 1 + below(3),
    layers_per_block: 1 + below(2),
    block_out_channels: Array.from({ length: blocks }, () => groups * heads * (1 + below(3))),
    down_block_types: crossed.map((has) => (has ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    up_block_types: crossed.map((has) => (has ? 'CrossAttnUpBlock2D' : 'UpBlock2D')).reverse(),
    norm_num_groups: groups,
    attention_head_dim: heads,
    cross_attention_dim: hidden_size,
    flip_sin_to_cos: is(),
    freq_shift: below(2),
  };

  const prediction_type = pick(PREDICTION_TYPES);
  const scheduler: RandomFolder['scheduler'] = {
    num_train_timesteps: pick([100, 1000]),
    beta_start: pick([0.0001, 0.00085]),
    beta_end: pick([0.02, 0.012]),
    beta_schedule: pick(BETA_SCHEDULES),
    prediction_type,
    variance_type: pick(['fixed_small', 'fixed_large']),
    clip_sample: is(),
    clip_sample_range: pick([1, 1.5]),
    thresholding: random() < 0.3,
    dynamic_thresholding_ratio: pick([0.995, 0.9]),
    sample_max_value: pick([1, 1.5]),
    timestep_spacing: pick(TIMESTEP_SPACINGS),
    steps_offset: below(2),
    rescale_betas_zero_snr: prediction_type !== 'epsilon' && is(),
  };
  const maxLength = Math.min(max_position_embeddings, 8 + below(8));
  return { unet, text, scheduler, size: pick([8, 11, 16]), maxLength, steps: 2 + below(5) };
}
