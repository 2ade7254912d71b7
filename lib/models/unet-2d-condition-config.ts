import {
  checkConfig,
  isBoolean,
  isEither,
  isListOf,
  isNullOr,
  isOneOf,
  isOnly,
  isOnlyOrListOf,
  isPositiveInteger,
  isPositiveNumber,
  type KeyCheck,
} from './config';

export type DownBlockType = 'DownBlock2D' | 'CrossAttnDownBlock2D';
export type UpBlockType = 'UpBlock2D' | 'CrossAttnUpBlock2D';

/** Keys, meanings and defaults of diffusers' `UNet2DConditionModel` config.json. */
export interface UNet2DConditionConfig {
  /** Height and width of the images it is trained on; any other size works too. */
  readonly sample_size: number | readonly number[] | null;
  readonly in_channels: number;
  readonly out_channels: number;
  /** Cosines before sines in the time step's embedding. */
  readonly flip_sin_to_cos: boolean;
  readonly freq_shift: number;
  readonly down_block_types: readonly DownBlockType[];
  readonly mid_block_type: 'UNetMidBlock2DCrossAttn';
  readonly up_block_types: readonly UpBlockType[];
  /** Channels of each down block; the up blocks take them in reverse. */
  readonly block_out_channels: readonly number[];
  readonly layers_per_block: number | readonly number[];
  readonly norm_num_groups: number;
  readonly norm_eps: number;
  /** Width of `encoder_hidden_states`. */
  readonly cross_attention_dim: number | readonly number[];
  readonly transformer_layers_per_block: number | readonly number[];
  /** The *number of heads*: a historic misnomer of diffusers, kept so that configs agree. */
  readonly attention_head_dim: number | readonly number[];
}

const DEFAULTS: UNet2DConditionConfig = {
  sample_size: null,
  in_channels: 4,
  out_channels: 4,
  flip_sin_to_cos: true,
  freq_shift: 0,
  down_block_types: [
    'CrossAttnDownBlock2D',
    'CrossAttnDownBlock2D',
    'CrossAttnDownBlock2D',
    'DownBlock2D',
  ] as DownBlockType[],
  mid_block_type: 'UNetMidBlock2DCrossAttn',
  up_block_types: [
    'UpBlock2D',
    'CrossAttnUpBlock2D',
    'CrossAttnUpBlock2D',
    'CrossAttnUpBlock2D',
  ] as UpBlockType[],
  block_out_channels: [320, 640, 1280, 1280],
  layers_per_block: 2,
  norm_num_groups: 32,
  norm_eps: 1e-5,
  cross_attention_dim: 1280,
  transformer_layers_per_block: 1,
  attention_head_dim: 8,
};

const isSizes = isEither(isPositiveInteger, isListOf(isPositiveInteger));

/**
 * The keys of diffusers 0.42; those of other model families are accepted at their defaults only, and at what diffusers takes
 * for the default: null where it asks whether something is wanted at all, a list of the default.
 */
const CHECKS: Record<string, KeyCheck> = {
  sample_size: isEither(isOneOf(null), isSizes),
  in_channels: isPositiveInteger,
  out_channels: isPositiveInteger,
  flip_sin_to_cos: isBoolean,
  freq_shift: isOneOf(0, 1),
  down_block_types: isListOf(isOneOf('DownBlock2D', 'CrossAttnDownBlock2D')),
  mid_block_type: isOneOf('UNetMidBlock2DCrossAttn'),
  up_block_types: isListOf(isOneOf('UpBlock2D', 'CrossAttnUpBlock2D')),
  block_out_channels: isListOf(isPositiveInteger),
  layers_per_block: isSizes,
  norm_num_groups: isPositiveInteger,
  norm_eps: isPositiveNumber,
  cross_attention_dim: isSizes,
  transformer_layers_per_block: isSizes,
  attention_head_dim: isSizes,
  act_fn: isOneOf('silu', 'swish'),
  downsample_padding: isOnly(1),
  mid_block_scale_factor: isOnly(1),
  dropout: isOnly(0),
  center_input_sample: isOneOf(false, null),
  only_cross_attention: isOnlyOrListOf(false), // one per block is checked below
  dual_cross_attention: isOneOf(false, null),
  use_linear_projection: isOneOf(false, null),
  upcast_attention: isOneOf(false, null),
  resnet_time_scale_shift: isOnly('default'),
  resnet_skip_time_act: isOneOf(false, null),
  resnet_out_scale_factor: isOneOf(1, null),
  time_embedding_type: isOnly('positional'),
  conv_in_kernel: isOnly(3),
  conv_out_kernel: isOnly(3),
  attention_type: isOneOf('default', null),
  class_embeddings_concat: isOneOf(false, null),
  mid_block_only_cross_attention: isOneOf(null, false),
  cross_attention_norm: isOneOf(null, false),
  // Without effect while addition_embed_type and class_embed_type are null.
  addition_embed_type_num_heads: isNullOr(isPositiveInteger),
  addition_time_embed_dim: isNullOr(isPositiveInteger),
  projection_class_embeddings_input_dim: isNullOr(isPositiveInteger),
  // Null, or what null stands for: checked below.
  reverse_transformer_layers_per_block: isNullOr(isListOf(isPositiveInteger)),
  time_embedding_dim: isNullOr(isPositiveInteger),
  ...Object.fromEntries(
    [
      'encoder_hid_dim',
      'encoder_hid_dim_type',
      'num_attention_heads',
      'class_embed_type',
      'addition_embed_type',
      'num_class_embeds',
      'time_embedding_act_fn',
      'timestep_post_act',
      'time_cond_proj_dim',
    ].map((key) => [key, isOnly(null)] as const),
  ),
};

/** A value per down block, from one value or a list of them. */
export function perBlock(value: number | readonly number[], blocks: number): readonly number[] {
  return typeof value === 'number' ? Array.from({ length: blocks }, () => value) : value;
}

type Given = Readonly<Record<string, unknown>>;

/** Lists that do not have a value for each block. */
function lengthProblems(config: UNet2DConditionConfig, given: Given): string[] {
  const blocks = config.block_out_channels.length;
  const values = {
    down_block_types: config.down_block_types,
    up_block_types: config.up_block_types,
    only_cross_attention: given['only_cross_attention'],
    layers_per_block: config.layers_per_block,
    cross_attention_dim: config.cross_attention_dim,
    transformer_layers_per_block: config.transformer_layers_per_block,
    attention_head_dim: config.attention_head_dim,
  };
  return Object.entries(values).flatMap(([key, value]) =>
    Array.isArray(value) && value.length !== blocks
      ? [
          `${key} has ${value.length} entries, block_out_channels has ${blocks}: one per block is expected`,
        ]
      : [],
  );
}

/** Keys that say what follows from others are accepted if they say the same. */
function derivedProblems(config: UNet2DConditionConfig, given: Given): string[] {
  const { block_out_channels, transformer_layers_per_block } = config;
  const layers = perBlock(transformer_layers_per_block, block_out_channels.length);
  const derived = {
    time_embedding_dim: 4 * block_out_channels[0]!,
    reverse_transformer_layers_per_block: [...layers].reverse(),
  };
  return Object.entries(derived).flatMap(([key, value]) => {
    const [said, only] = [given[key] ?? null, JSON.stringify(value)];
    return said === null || JSON.stringify(said) === only
      ? []
      : [`${key}: only null or ${only} is supported, got ${JSON.stringify(said)}`];
  });
}

/**
 * A complete config from the given keys.
 *
 * @throws Error naming every unknown, unsupported or inconsistent key
 */
export function unet2DConditionConfig(
  given: Partial<UNet2DConditionConfig> & object,
): UNet2DConditionConfig {
  const what = 'UNet2DConditionModel';
  const config = checkConfig(what, given, DEFAULTS, CHECKS);
  const keys = given as Given;
  const problems = [...lengthProblems(config, keys), ...derivedProblems(config, keys)];
  const groups = config.norm_num_groups;
  const odd = config.block_out_channels.filter((channels) => channels % groups !== 0);
  if (odd.length > 0) {
    problems.push(
      `norm_num_groups (${groups}) must divide all block_out_channels, not ${odd.join(', ')}`,
    );
  }
  if (problems.length > 0) throw new Error(`${what}: ${problems.join('; ')}.`);
  return Object.freeze(config);
}
