import { CLIPTextModel } from '../models/clip-text-model';
import { CLIPTokenizer } from '../models/clip-tokenizer';
import { UNet2DConditionModel } from '../models/unet-2d-condition';
import { Generator } from '../random';
import { DDPMScheduler } from '../schedulers/ddpm';
import type { ImageDataset } from '../datasets/data-loader';
import { loadMnist } from './mnist';
import { BLOG_UNET_CONFIG, SMALL_TEXT_CONFIG } from './presets';
import type { Recipe } from './recipes';
import { SMALL_TOKENIZER } from './shipped';

export interface RecipePartsOptions {
  /** Decides the first weights. Default: the recipe's own. */
  readonly seed?: number | undefined;
  /** Default: the 60,000 images of MNIST. */
  readonly dataset?: ImageDataset | undefined;
}

/**
 * What a recipe is trained with: the blog's UNet, the small text encoder with its tokenizer, the recipe's noise schedule, and
 * MNIST. For `TextToImageObjective`; the caller disposes `unet` and `textEncoder`.
 */
export function recipeParts(
  recipe: Pick<Recipe, 'scheduler' | 'trainer'>,
  { seed, dataset }: RecipePartsOptions = {},
) {
  const init = new Generator(seed ?? recipe.trainer.seed).stream('init');
  return {
    unet: new UNet2DConditionModel(BLOG_UNET_CONFIG, init),
    textEncoder: new CLIPTextModel(SMALL_TEXT_CONFIG, init),
    tokenizer: CLIPTokenizer.fromPretrained(SMALL_TOKENIZER),
    noiseScheduler: new DDPMScheduler(recipe.scheduler),
    dataset: dataset ?? loadMnist({ split: 'train', source: 'full' }),
  };
}
