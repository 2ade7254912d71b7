import type { ImageDataset } from '../datasets/data-loader';
import type { CLIPTextConfig } from '../models/clip-text-config';
import { CLIPTextModel } from '../models/clip-text-model';
import { CLIPTokenizer } from '../models/clip-tokenizer';
import { UNet2DConditionModel } from '../models/unet-2d-condition';
import type { UNet2DConditionConfig } from '../models/unet-2d-condition-config';
import { requireRecord } from '../options';
import { Generator } from '../random';
import { DDPMScheduler } from '../schedulers/ddpm';
import { FlowMatchEulerDiscreteScheduler } from '../schedulers/flow-match-euler-discrete';
import { FlowMatchObjective } from '../training/flow-match-objective';
import { TextToImageObjective } from '../training/text-to-image-objective';
import type { MnistDataset } from './mnist';
import { RECIPE_DATA, type RecipeDatasets } from './recipe-data';
import type { AnyRecipe, FlowRecipe, Recipe, RecipeData } from './recipes';

export type RecipeScheduler = DDPMScheduler | FlowMatchEulerDiscreteScheduler;

/** What a training by a recipe is made of: for `recipeObjective`, `TextToImagePipeline` and `saveCheckpoint`. */
export interface RecipeParts<
  D extends ImageDataset = MnistDataset,
  S extends RecipeScheduler = DDPMScheduler,
> {
  readonly unet: UNet2DConditionModel;
  readonly textEncoder: CLIPTextModel;
  readonly tokenizer: CLIPTokenizer;
  readonly noiseScheduler: S;
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

/** What the parts depend on. */
type RecipeStart<R extends AnyRecipe, K extends RecipeData = RecipeData> = Pick<
  R,
  'method' | 'scheduler'
> & {
  readonly data?: K | undefined;
  readonly trainer: Pick<R['trainer'], 'seed'>;
};

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
>(recipe: RecipeStart<Recipe, K>, options?: RecipePartsOptions<D>): RecipeParts<D>;
export function recipeParts<
  K extends RecipeData = 'mnist',
  D extends ImageDataset = RecipeDatasets[K],
>(
  recipe: RecipeStart<FlowRecipe, K>,
  options?: RecipePartsOptions<D>,
): RecipeParts<D, FlowMatchEulerDiscreteScheduler>;
export function recipeParts<D extends ImageDataset>(
  recipe: RecipeStart<Recipe> | RecipeStart<FlowRecipe>,
  options: RecipePartsOptions<D> = {},
): RecipeParts<D, RecipeScheduler> {
  requireRecord('recipeParts', recipe, 'a recipe, such as RECIPES.fast', ['scheduler', 'trainer']);
  const own = RECIPE_DATA[recipe.data ?? 'mnist'];
  const { seed = recipe.trainer.seed, unetConfig = own.unetConfig } = options;
  const { textConfig = own.textConfig } = options;
  const tokenizer = options.tokenizer ?? CLIPTokenizer.fromPretrained(own.tokenizer);
  const noiseScheduler =
    recipe.method === 'flow_matching'
      ? new FlowMatchEulerDiscreteScheduler(recipe.scheduler)
      : new DDPMScheduler(recipe.scheduler);
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

/**
 * What a recipe trains, of its parts: diffusion over betas, or flow matching.
 *
 * @returns the caller disposes it; the parts stay
 * @throws RangeError or Error naming every bad option, or what does not fit together
 */
export function recipeObjective(
  recipe: Pick<Recipe, 'method' | 'objective'>,
  parts: RecipeParts<ImageDataset>,
): TextToImageObjective;
export function recipeObjective(
  recipe: Pick<FlowRecipe, 'method' | 'objective'>,
  parts: RecipeParts<ImageDataset, FlowMatchEulerDiscreteScheduler>,
): FlowMatchObjective;
export function recipeObjective(
  recipe: Pick<Recipe, 'method' | 'objective'> | Pick<FlowRecipe, 'method' | 'objective'>,
  { noiseScheduler, ...parts }: RecipeParts<ImageDataset, RecipeScheduler>,
): TextToImageObjective | FlowMatchObjective {
  requireRecord('recipeObjective', recipe, 'a recipe, such as RECIPES.fast', ['objective']);
  const isFlow = recipe.method === 'flow_matching';
  if (isFlow !== noiseScheduler instanceof FlowMatchEulerDiscreteScheduler) {
    throw new Error(
      `recipeObjective: expected the parts of this recipe (recipeParts), got ones with a ${noiseScheduler.constructor.name}.`,
    );
  }
  return noiseScheduler instanceof FlowMatchEulerDiscreteScheduler
    ? new FlowMatchObjective({ ...parts, noiseScheduler }, recipe.objective)
    : new TextToImageObjective(
        { ...parts, noiseScheduler },
        recipe.objective as Recipe['objective'],
      );
}
