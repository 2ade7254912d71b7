import type { ImageDataset } from '../datasets/data-loader';
import type { CLIPTextConfig } from '../models/clip-text-config';
import { CLIPTextModel } from '../models/clip-text-model';
import { CLIPTokenizer } from '../models/clip-tokenizer';
import { UNet2DConditionModel } from '../models/unet-2d-condition';
import type { UNet2DConditionConfig } from '../models/unet-2d-condition-config';
import { Generator } from '../random';
import { DDPMScheduler } from '../schedulers/ddpm';
import type { MnistDataset } from './mnist';
import { RECIPE_DATA, type RecipeDatasets } from './recipe-data';
import type { Recipe, RecipeData } from './recipes';

/** What a training by a recipe is made of: for `TextToImageObjective`, `TextToImagePipeline` and `saveCheckpoint`. */
export interface RecipeParts<D extends ImageDataset = MnistDataset> {
  readonly unet: UNet2DConditionModel;
  readonly textEncoder: CLIPTextModel;
  readonly tokenizer: CLIPTokenizer;
  readonly noiseScheduler: DDPMScheduler;
  readonly dataset: D;
}

/** Parts to take instead of the recipe's. */
export interface RecipePartsOptions<D extends ImageDataset = MnistDataset> {
  /** Decides the first weights. Default: the recipe's. */
  readonly seed?: number | undefined;
  /** Default: what the recipe is trained on, such as the 60,000 training images of MNIST. */
  readonly dataset?: D | undefined;
  /** Default: the recipe's, for MNIST the blog's. */
  readonly unetConfig?: Partial<UNet2DConditionConfig> | undefined;
  /** Default: a new one of `textConfig`. */
  readonly textEncoder?: CLIPTextModel | undefined;
  /** Of a new text encoder. Default: the recipe's, for MNIST SMALL_TEXT_CONFIG. */
  readonly textConfig?: Partial<CLIPTextConfig> | undefined;
  /** Must be the text encoder's. Default: the one that ships for the recipe's captions. */
  readonly tokenizer?: CLIPTokenizer | undefined;
}

/**
 * Makes the parts of a training. First weights depend on the seed alone: the stream `init` gives those of the UNet,
 * then those of the text encoder, if that is new.
 *
 * @returns parts that the caller disposes (UNet and text encoder); those given are handed on as they are
 * @throws Error naming every bad key of a config; IdxError if MNIST's files are missing or damaged
 */
export function recipeParts<
  K extends RecipeData = 'mnist',
  D extends ImageDataset = RecipeDatasets[K],
>(
  recipe: Pick<Recipe, 'scheduler'> & {
    readonly data?: K | undefined;
    readonly trainer: Pick<Recipe['trainer'], 'seed'>;
  },
  options: RecipePartsOptions<D> = {},
): RecipeParts<D> {
  const own = RECIPE_DATA[recipe.data ?? 'mnist'];
  const { seed = recipe.trainer.seed, unetConfig = own.unetConfig } = options;
  const { textConfig = own.textConfig } = options;
  const tokenizer = options.tokenizer ?? CLIPTokenizer.fromPretrained(own.tokenizer);
  const noiseScheduler = new DDPMScheduler(recipe.scheduler);
  const dataset = options.dataset ?? own.load();
  const init = new Generator(seed).stream('init');
  const unet = new UNet2DConditionModel(unetConfig, init);
  try {
    const textEncoder = options.textEncoder ?? new CLIPTextModel(textConfig, init);
    return { unet, textEncoder, tokenizer, noiseScheduler, dataset: dataset as D };
  } catch (error) {
    unet.dispose();
    throw error;
  }
}
