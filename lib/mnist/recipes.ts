/**
 * Training recipes: every setting that a run's outcome depends on, by name. `npm run train -- --recipe NAME`
 * runs one; docs/quality.md has what each gives.
 */
import { BLOG_SCHEDULER_CONFIG } from './presets';
import { getScheduler, type LRSchedule } from '../optim/lr-scheduler';
import type { DDPMSchedulerConfig } from '../schedulers/ddpm';
import type { FlowMatchEulerDiscreteSchedulerConfig } from '../schedulers/flow-match-euler-discrete';
import type { FlowMatchOptions } from '../training/flow-match-objective';
import type { TextToImageOptions } from '../training/text-to-image-options';
import type { TrainerOptions } from '../training/trainer-options';

/** What a recipe is trained on, and with which models: recipe-data.ts has the table. */
export type RecipeData = 'mnist' | 'emoji' | 'cifar10';

/** What every recipe says. */
interface RecipeTraining {
  /** Default: `mnist`. */
  readonly data?: RecipeData | undefined;
  readonly trainer: Omit<TrainerOptions, 'lrSchedule'>;
  /** Steps in which the learning rate rises from 0. */
  readonly warmupSteps: number;
  /** Share of all steps, at the end, in which it falls to 0 along half a cosine. */
  readonly decayShare: number;
  readonly maxSteps: number;
}

export interface Recipe extends RecipeTraining {
  readonly method?: undefined;
  /** Noise schedule, and what the model predicts. */
  readonly scheduler: Partial<DDPMSchedulerConfig>;
  /** How images and captions are trained. */
  readonly objective: TextToImageOptions;
}

/** A recipe of flow matching, which has no betas. */
export interface FlowRecipe extends RecipeTraining {
  readonly method: 'flow_matching';
  readonly scheduler: Partial<FlowMatchEulerDiscreteSchedulerConfig>;
  readonly objective: FlowMatchOptions;
}

export type AnyRecipe = Recipe | FlowRecipe;

/**
 * The velocity as target over a schedule that ends in pure noise, sampled from its very last step (Lin et al. 2023): the
 * prediction of the first steps is then the image itself, not a noise from which the image follows by a division by
 * 0.03, so paper stays white.
 */
const VELOCITY_TO_PURE_NOISE = {
  ...BLOG_SCHEDULER_CONFIG,
  prediction_type: 'v_prediction',
  rescale_betas_zero_snr: true,
  timestep_spacing: 'trailing',
} as const;

/** An average of the weights that begins at the first step. */
const averaged = <const D extends number>(decay: D) =>
  ({ decay, useEmaWarmup: true, power: 3 / 4 }) as const;

/** By AdamW alone: gradients clipped, weights averaged. */
const ADAMW_TRAINING = {
  trainer: {
    batchSize: 64,
    learningRate: 1e-3,
    maxGradNorm: 1,
    ema: averaged(0.999),
    seed: 42,
  },
  warmupSteps: 200,
  decayShare: 0.25,
  maxSteps: 3_000,
} as const satisfies RecipeTraining;

/** Hidden matrices by Muon, a lower rate for the text encoder. */
const MUON_TRAINER = {
  batchSize: 64,
  optimizer: 'muon',
  lrScales: { text_encoder: 0.1 },
  maxGradNorm: 1,
  seed: 42,
} as const;

/** Noisy time steps, at which captions are learnt, so many times as often. */
const noisyHalf = <const M extends number>(timestepBiasMultiplier: M) =>
  ({ timestepBiasStrategy: 'later', timestepBiasMultiplier, timestepBiasPortion: 0.5 }) as const;

/** Those of MNIST with the blog's UNet, the small text encoder trained with it, and all 60,000 images. */
export const RECIPES = {
  /**
   * For minutes in place of half hours: Muon, noisy time steps more often, and a little guidance as a part of the target. Its
   * rate falls over most of the run, so it is trained for the length that is wanted: 200 steps draw what was asked for with
   * guidance, 1,500 without.
   */
  fast: {
    scheduler: VELOCITY_TO_PURE_NOISE,
    objective: { captionDropout: 0.1, ...noisyHalf(6), modelGuidanceScale: 1.1 },
    trainer: { ...MUON_TRAINER, learningRate: 4e-3, ema: averaged(0.995) },
    warmupSteps: 10,
    decayShare: 0.6,
    maxSteps: 1_500,
  },
  /** The model that ships: `fast` for longer, at a lower rate, with a longer average and less guidance in its target. */
  best: {
    scheduler: VELOCITY_TO_PURE_NOISE,
    objective: { captionDropout: 0.1, ...noisyHalf(4), modelGuidanceScale: 1.05 },
    trainer: { ...MUON_TRAINER, learningRate: 3e-3, ema: averaged(0.9995) },
    warmupSteps: 10,
    decayShare: 0.8,
    maxSteps: 6_000,
  },
  /**
   * What the two above are measured against, and `best` until they were found: captions left out for guidance, by AdamW. Until
   * its last quarter its rate does not depend on its length.
   */
  adamw: {
    scheduler: VELOCITY_TO_PURE_NOISE,
    objective: { captionDropout: 0.1 },
    ...ADAMW_TRAINING,
  },
  /**
   * The blog's loop as written, in batches that a CPU can take: the noise as target, a constant rate,
   * nothing left out, no average. Its text encoder is trained, as the blog says it is.
   */
  blog: {
    scheduler: BLOG_SCHEDULER_CONFIG,
    objective: {},
    trainer: { batchSize: 64, learningRate: 1e-3, seed: 42 },
    warmupSteps: 0,
    decayShare: 0,
    maxSteps: 3_000,
  },
  /**
   * Flow matching with the settings of `adamw`, so that the two can be compared: straight lines from noise to image, with
   * time steps from the middle drawn more often, as SD3 (Esser et al. 2024).
   */
  flow: {
    method: 'flow_matching',
    scheduler: { shift: 1 },
    objective: { captionDropout: 0.1, weightingScheme: 'logit_normal' },
    ...ADAMW_TRAINING,
  },
  /** Colour, 32 × 32: faces, hearts, and hands in all tones of skin, in three styles of emoji, by nearly the settings of `adamw`. */
  emoji: {
    data: 'emoji',
    scheduler: VELOCITY_TO_PURE_NOISE,
    objective: { captionDropout: 0.1, maxLength: 20 },
    trainer: {
      batchSize: 32,
      learningRate: 1e-3,
      maxGradNorm: 1,
      ema: averaged(0.999),
      seed: 42,
    },
    warmupSteps: 100,
    decayShare: 0.25,
    maxSteps: 6_000,
  },
  /**
   * The ten classes of CIFAR-10, from the hub, for a GPU. Not run yet: batch, rate and average are those of public trainings
   * of this size (tqch/ddpm-torch: batch 128, 2e-4, 0.9999).
   */
  cifar10: {
    data: 'cifar10',
    scheduler: VELOCITY_TO_PURE_NOISE,
    objective: { captionDropout: 0.1, maxLength: 16, randomFlip: true },
    trainer: {
      batchSize: 128,
      learningRate: 2e-4,
      maxGradNorm: 1,
      ema: averaged(0.9999),
      seed: 42,
    },
    warmupSteps: 1_000,
    decayShare: 0.25,
    maxSteps: 100_000,
  },
} as const satisfies Record<string, AnyRecipe>;

export type RecipeName = keyof typeof RECIPES;

/**
 * The recipe's learning rate over its steps, as a factor. Until the decay begins it does not depend on
 * `maxSteps`, so that a run can be made longer or shorter when it is taken up again.
 */
export function recipeSchedule({
  warmupSteps,
  decayShare,
  maxSteps,
}: Pick<AnyRecipe, 'warmupSteps' | 'decayShare' | 'maxSteps'>): LRSchedule {
  const rise = getScheduler('constant_with_warmup', { numWarmupSteps: warmupSteps });
  const decaySteps = Math.round(decayShare * maxSteps);
  if (decaySteps === 0) return rise;
  const fall = getScheduler('cosine', { numTrainingSteps: decaySteps });
  const from = maxSteps - decaySteps;
  return (step) => rise(step) * (step < from ? 1 : fall(step - from));
}
