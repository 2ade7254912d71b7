import { TIMESTEP_BIAS_DEFAULTS, TIMESTEP_BIAS_RULES, type TimestepBias } from './timestep-bias';
import {
  checkOptions,
  isPositive,
  isShare,
  isWholeNumber,
  NOT_NEGATIVE_RULE,
  type OptionRules,
} from '../options';

/** How images and captions are trained; each optional one has its default. */
export interface TextToImageOptions extends Partial<{
  readonly [K in keyof TimestepBias]: TimestepBias[K] | undefined;
}> {
  /** Caps the weight of time steps with little noise (Hang et al. 2023; the paper's is 5). Default null: no. */
  readonly minSnrGamma?: number | null | undefined;
  /**
   * Standard deviation of a noise that is the same at all pixels of an image, added to the noise: so that
   * the model learns to change an image's brightness (Guttenberg 2023, "Diffusion with offset noise",
   * who takes 0.1). Default 0.
   */
  readonly offsetNoise?: number | undefined;
  /**
   * Pushes predictions away from the target of another image of the batch, so that captions are told apart sooner: this times
   * the squared error against it is taken from the loss, from 0 to below 1 (Stoica et al. 2025, "Contrastive flow matching",
   * who take 0.05). The loss is told with it, so it is lower than the error itself. Default 0.
   */
  readonly contrastiveWeight?: number | undefined;
  /**
   * Lets the model learn to draw without guidance what it would draw with some (Tang et al. 2025, "Diffusion models without
   * classifier-free guidance"): so many times less one, what the caption changes in a prediction is added to its target. From 1 to
   * below 2, as `guidance_scale`; as the model's own predictions are taken, a scale s gives what guidance 1 / (2 − s) gives. Needs
   * `captionDropout`. Default 1: nothing is added.
   */
  readonly modelGuidanceScale?: number | undefined;
  /** Share of images trained with the empty caption, so that guidance has what it departs from. Default 0. */
  readonly captionDropout?: number | undefined;
  /**
   * Mirror each image of a batch with a probability of ½, drawn anew each time, as `--random_flip` of diffusers' scripts.
   * Refused for digits. Default false.
   */
  readonly randomFlip?: boolean | undefined;
  /** Train the text encoder with the UNet (default), or keep it frozen. */
  readonly trainTextEncoder?: boolean | undefined;
  /**
   * Tokens of a caption, start and end included; longer ones are cut. Default 8, which the blog's captions need. Kept as
   * the tokenizer's `modelMaxLength`, so that prompts are padded and cut alike, here and in Python.
   */
  readonly maxLength?: number | undefined;
}

/** All options, the defaults filled in. */
export type ResolvedTextToImageOptions = {
  readonly [K in keyof TextToImageOptions]-?: Exclude<TextToImageOptions[K], undefined>;
};

const DEFAULTS: ResolvedTextToImageOptions = {
  minSnrGamma: null,
  offsetNoise: 0,
  contrastiveWeight: 0,
  modelGuidanceScale: 1,
  captionDropout: 0,
  randomFlip: false,
  trainTextEncoder: true,
  maxLength: 8,
  ...TIMESTEP_BIAS_DEFAULTS,
};

const RULES: OptionRules<ResolvedTextToImageOptions> = {
  minSnrGamma: ['null or a number > 0', (v) => v === null || isPositive(v)],
  offsetNoise: NOT_NEGATIVE_RULE,
  contrastiveWeight: ['a number from 0 to below 1', (v) => isShare(v) && v < 1],
  modelGuidanceScale: [
    'a number from 1 to below 2',
    (v) => typeof v === 'number' && v >= 1 && v < 2,
  ],
  captionDropout: ['a number from 0 to 1', isShare],
  randomFlip: ['true or false', (v) => typeof v === 'boolean'],
  trainTextEncoder: ['true or false', (v) => typeof v === 'boolean'],
  maxLength: ['an integer ≥ 2', (v) => isWholeNumber(v) && v >= 2],
  ...TIMESTEP_BIAS_RULES,
};

/** @throws RangeError naming every option that is unknown or out of range, or does not fit another */
export function resolveTextToImageOptions(options: TextToImageOptions): ResolvedTextToImageOptions {
  const resolved = checkOptions('TextToImageObjective', options, DEFAULTS, RULES);
  const { modelGuidanceScale, captionDropout } = resolved;
  if (modelGuidanceScale > 1 && captionDropout === 0) {
    throw new RangeError(
      `TextToImageObjective: modelGuidanceScale: expected 1 without captionDropout, got ${modelGuidanceScale}: what it departs ` +
        'from is the prediction with the empty caption, which captionDropout trains (0.1 is usual).',
    );
  }
  return resolved;
}
