import {
  checkConfig,
  isNullOr,
  isOneOf,
  isOnly,
  isPositiveInteger,
  isPositiveNumber,
  type KeyCheck,
} from './config';
import { PRETRAINED_CONFIG_KEYS } from './pretrained-config-keys';

/** Keys, meanings and defaults of transformers' `CLIPTextConfig` (openai/clip-vit-base-patch32). */
export interface CLIPTextConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  /** Width of the feed-forward layers. */
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly max_position_embeddings: number;
  readonly hidden_act: 'quick_gelu' | 'gelu';
  readonly layer_norm_eps: number;
  /** Scales the initial weights. */
  readonly initializer_factor: number;
  readonly initializer_range: number;
  /** Not used by the text model itself; kept so that configs agree. */
  readonly projection_dim: number | null;
  readonly bos_token_id: number | null;
  /** `pooler_output` is taken where this token first stands. */
  readonly eos_token_id: number;
  readonly pad_token_id: number | null;
}

const DEFAULTS: CLIPTextConfig = {
  vocab_size: 49408,
  hidden_size: 512,
  intermediate_size: 2048,
  num_hidden_layers: 12,
  num_attention_heads: 8,
  max_position_embeddings: 77,
  hidden_act: 'quick_gelu',
  layer_norm_eps: 1e-5,
  initializer_factor: 1,
  initializer_range: 0.02,
  projection_dim: 512,
  bos_token_id: 49406,
  eos_token_id: 49407,
  pad_token_id: 1,
};

const isTokenId: KeyCheck = (value) =>
  Number.isInteger(value) && (value as number) >= 0 ? null : 'expected a token id';

const CHECKS: Record<string, KeyCheck> = {
  ...PRETRAINED_CONFIG_KEYS,
  vocab_size: isPositiveInteger,
  hidden_size: isPositiveInteger,
  intermediate_size: isPositiveInteger,
  num_hidden_layers: isPositiveInteger,
  num_attention_heads: isPositiveInteger,
  max_position_embeddings: isPositiveInteger,
  hidden_act: isOneOf('quick_gelu', 'gelu'),
  layer_norm_eps: isPositiveNumber,
  initializer_factor: isPositiveNumber,
  initializer_range: isPositiveNumber,
  projection_dim: isNullOr(isPositiveInteger),
  bos_token_id: isNullOr(isTokenId),
  eos_token_id: isTokenId,
  pad_token_id: isNullOr(isTokenId),
  attention_dropout: isOnly(0),
  dropout: isOnly(0),
};

/**
 * A complete config from the given keys.
 *
 * @throws Error naming every unknown key and every bad value
 */
export function clipTextConfig(given: object): CLIPTextConfig {
  const config = checkConfig('CLIPTextModel', given, DEFAULTS, CHECKS);
  const { hidden_size, num_attention_heads } = config;
  if (hidden_size % num_attention_heads !== 0) {
    throw new Error(
      `CLIPTextModel: num_attention_heads (${num_attention_heads}) must divide hidden_size (${hidden_size}).`,
    );
  }
  return Object.freeze(config);
}
