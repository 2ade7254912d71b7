/** The configs of models in colour, in the keys of diffusers and transformers. */
import type { Concept, EmojiCategory } from '../image-datasets/emoji/concepts';
import type { LoadEmojiOptions } from '../image-datasets/emoji/load-emoji';
import type { CLIPTextConfig } from '../models/clip-text-config';
import type { UNet2DConditionConfig } from '../models/unet-2d-condition-config';

/** Faces, cats and monkeys, hearts: those that are most alike. */
export const EMOJI_CATEGORIES = ['Smileys & Emotion'] as const satisfies readonly EmojiCategory[];

/** Code points of the twenty hands of Unicode's first emoji (Emoji 1.0, 2015) that have tones of skin, but for the middle finger. */
const HANDS = [
  ...['1f446', '1f447', '1f448', '1f449', '1f44a', '1f44b', '1f44c', '1f44d', '1f44e', '1f44f'],
  ...['1f450', '1f590', '1f596', '1f64c', '1f64f', '1f918', '261d', '270a', '270b', '270c'],
];

/**
 * What the recipe draws: faces, cats and monkeys, hearts, and hands in all tones of skin. Its steps show each of these pictures
 * some 230 times, and would each of all 10,478 some twenty times.
 */
export const EMOJI_SET = {
  tones: true,
  where: ({ category, figure }: Concept) =>
    category === EMOJI_CATEGORIES[0] || HANDS.includes(figure),
} as const satisfies LoadEmojiOptions;

/**
 * A UNet in colour at 32 × 32: each level twice as wide as the one above it while that has a quarter of the pixels, so that a
 * convolution costs the same at each; most of its numbers lie where they cost least.
 */
export const EMOJI_UNET_CONFIG = {
  sample_size: 32,
  in_channels: 3,
  out_channels: 3,
  layers_per_block: 1,
  block_out_channels: [32, 64, 128, 128],
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  cross_attention_dim: 256,
} as const satisfies Partial<UNet2DConditionConfig>;

/** A text encoder for the words of emoji's captions: the tokenizer is data/clip-tokenizer-emoji. */
export const EMOJI_TEXT_CONFIG = {
  vocab_size: 3453,
  hidden_size: 256,
  intermediate_size: 512,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 20,
  bos_token_id: 3451,
  eos_token_id: 3452,
  pad_token_id: 3452,
} as const satisfies Partial<CLIPTextConfig>;

/** For CIFAR-10 on a GPU: two layers a level, and twice as wide where it is widest in pixels. */
export const CIFAR10_UNET_CONFIG = {
  ...EMOJI_UNET_CONFIG,
  layers_per_block: 2,
  block_out_channels: [64, 128, 128, 128],
} as const satisfies Partial<UNet2DConditionConfig>;
