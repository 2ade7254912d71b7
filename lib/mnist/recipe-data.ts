/** What the recipes are trained on, and with which models. */
import type { ImageDataset } from '../datasets/data-loader';
import {
  CIFAR10_UNET_CONFIG,
  EMOJI_SET,
  EMOJI_TEXT_CONFIG,
  EMOJI_UNET_CONFIG,
} from '../emoji/presets';
import { EMOJI_TOKENIZER } from '../emoji/shipped';
import type { LoadedImages } from '../image-datasets/collect';
import { loadEmoji, type EmojiDataset } from '../image-datasets/emoji/load-emoji';
import { loadDataset, type LoadDatasetOptions } from '../image-datasets/load-dataset';
import type { CLIPTextConfig } from '../models/clip-text-config';
import type { UNet2DConditionConfig } from '../models/unet-2d-condition-config';
import { loadMnist, type MnistDataset } from './mnist';
import { BLOG_UNET_CONFIG, SMALL_TEXT_CONFIG } from './presets';
import type { Recipe, RecipeData } from './recipes';
import { SMALL_TOKENIZER } from './shipped';

/** The data set of each recipe's `data`. */
export interface RecipeDatasets {
  readonly mnist: MnistDataset;
  readonly emoji: EmojiDataset;
  readonly cifar10: LoadedImages;
}

interface Defaults<D extends ImageDataset> {
  readonly unetConfig: Partial<UNet2DConditionConfig>;
  readonly textConfig: Partial<CLIPTextConfig>;
  /** Its folder. */
  readonly tokenizer: string;
  /** From what is on this machine. */
  readonly load: () => D;
}

const CIFAR10 = 'uoft-cs/cifar10';

export const RECIPE_DATA: { readonly [K in RecipeData]: Defaults<RecipeDatasets[K]> } = {
  mnist: {
    unetConfig: BLOG_UNET_CONFIG,
    textConfig: SMALL_TEXT_CONFIG,
    tokenizer: SMALL_TOKENIZER,
    load: () => loadMnist({ split: 'train', source: 'full' }),
  },
  emoji: {
    unetConfig: EMOJI_UNET_CONFIG,
    textConfig: EMOJI_TEXT_CONFIG,
    tokenizer: EMOJI_TOKENIZER,
    load: () => loadEmoji(EMOJI_SET),
  },
  cifar10: {
    unetConfig: CIFAR10_UNET_CONFIG,
    textConfig: EMOJI_TEXT_CONFIG,
    tokenizer: EMOJI_TOKENIZER, // it has the words of the ten classes
    load: () => {
      throw new Error(
        `recipeParts: expected the images of ${CIFAR10}, which come from the hub, got none. Pass them as dataset: ` +
          'await recipeDataset(RECIPES.cifar10) loads them.',
      );
    },
  },
};

/** Where a data set of the hub comes from. */
export type RecipeDatasetOptions = Pick<
  LoadDatasetOptions,
  'cacheDir' | 'endpoint' | 'offline' | 'token' | 'onDownload' | 'onProgress' | 'signal'
>;

const captionOfLabel = (label: string) =>
  `a photo of ${/^[aeiou]/.test(label) ? 'an' : 'a'} ${label}`;

/**
 * The data set that a recipe is trained on; from the hub, or its cache, where it does not come with the packages.
 *
 * @throws as `loadDataset`; IdxError if MNIST's files are missing or damaged
 */
export async function recipeDataset<K extends RecipeData = 'mnist'>(
  recipe: Pick<Recipe, 'scheduler'> & { readonly data?: K | undefined },
  options: RecipeDatasetOptions = {},
): Promise<RecipeDatasets[K]> {
  const data: RecipeData = recipe.data ?? 'mnist';
  const dataset =
    data === 'cifar10'
      ? await loadDataset(CIFAR10, { size: 32, captionOfLabel, ...options })
      : RECIPE_DATA[data].load();
  return dataset as RecipeDatasets[K];
}
