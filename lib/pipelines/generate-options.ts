import type { ModelExtras } from '../conditioning/conditioning';
import type { Images } from '../images/images';
import { MIXED_PRECISION_RULE, type MixedPrecision } from '../jit';
import { randomSeed } from '../random/seed';
import { checkOptions, isCount, isShare, SEED_RULE, shown, type OptionRules } from '../options';

/** What a step's callback is told. */
export interface StepEnd {
  /** Steps done, from 1. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  /** The model's time step, from num_train_timesteps − 1 downwards. */
  readonly timestep: number;
  /** The images so far, [N, H, W, C], 0 to 1; read from the device when called. */
  readonly sample: () => Images;
  /** The images that the model now expects at the end. */
  readonly predOriginalSample: () => Images;
}

/** Undefined is the same as not given. */
export interface GenerateOptions {
  /** Decides all noise. Default: one drawn at random, from 0 to 2^32 − 1, which the output's `seed` names. */
  readonly seed?: number | undefined;
  /** 1 to num_train_timesteps. Default 50. */
  readonly numInferenceSteps?: number | undefined;
  /**
   * s in u + s · (c − u): 0 ignores the prompt, 1 (default) is the model itself and costs half, above 1
   * pushes away from the negative prompt. Papers that write (1 + w) have w = s − 1.
   */
  readonly guidanceScale?: number | undefined;
  /** φ of guidance rescale (Lin et al. 2023, who take 0.7), 0 to 1. Default 0. */
  readonly guidanceRescale?: number | undefined;
  /**
   * Where guidance acts: from and to which share of the training's time steps, 0 (no noise) to 1. Default: everywhere.
   * A step outside costs half. Kynkäänniemi et al. 2024, "Applying guidance in a limited
   * interval improves sample and distribution quality in diffusion models".
   */
  readonly guidanceInterval?: readonly [number, number] | undefined;
  /** What guidance departs from. Default: the empty text. */
  readonly negativePrompt?: string | undefined;
  /** Images for each prompt. Default 1. */
  readonly numImagesPerPrompt?: number | undefined;
  /** Height and width of the images. Default: those that the UNet's sample_size stands for. */
  readonly size?: readonly [number, number] | undefined;
  /** What the model takes beside the text, by name: tensors with a row for each image. They stay the caller's. */
  readonly extras?: ModelExtras | undefined;
  /** Whether to keep the images of each step, as `intermediates` of the output. Default false. */
  readonly returnIntermediates?: boolean | undefined;
  /** `scale`: how much adapters (LoRA) count in this call, beside their own weights. Default 1. */
  readonly crossAttentionKwargs?: { readonly scale: number } | undefined;
  /**
   * `bf16`: the model's products and convolutions in bfloat16, where the processor has instructions for it; the sampler's
   * steps and the prompts' embeddings stay float32. `auto`: that where it is possible, which is said once. Default `no`.
   */
  readonly mixedPrecision?: MixedPrecision | undefined;
  /** Called after each step; a promise is awaited. */
  readonly callbackOnStepEnd?: ((end: StepEnd) => void | Promise<void>) | undefined;
  /** Whether a notebook shows a bar. Default: as `setProgressBarConfig` says, which is yes. */
  readonly progressBar?: boolean | undefined;
  /**
   * Told once of each prompt, or negative prompt, that has too many tokens, with what is cut; or that is no caption which the
   * model was trained with, if those are known. Default: a line in the cell, elsewhere a warning of the process.
   */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Stops after the present step: `generate` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

type Optional =
  'signal' | 'callbackOnStepEnd' | 'size' | 'onWarning' | 'progressBar' | 'crossAttentionKwargs';

type Checked = {
  readonly [K in Exclude<keyof GenerateOptions, Optional>]-?: NonNullable<GenerateOptions[K]>;
} & Pick<GenerateOptions, Optional>;

export type ResolvedGenerateOptions = Checked & {
  /** One for each image. */
  readonly prompts: readonly string[];
  /** Whether the seed was drawn here. */
  readonly isSeedDrawn: boolean;
};

function checkPrompts(prompt: unknown): string[] {
  const list: unknown[] = Array.isArray(prompt) ? prompt : [prompt];
  if (list.length === 0) throw new TypeError('generate: expected at least one prompt, got none.');
  const bad = list.findIndex((text) => typeof text !== 'string');
  if (bad >= 0) {
    const place = Array.isArray(prompt) ? ` at position ${bad}` : '';
    throw new TypeError(
      `generate: expected a prompt as a string${place}, got ${shown(list[bad])}.`,
    );
  }
  return list as string[];
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws TypeError for a prompt that is no string; RangeError naming every option out of range
 */
export function resolveGenerateOptions(
  prompt: unknown,
  options: GenerateOptions,
  { num_train_timesteps }: { readonly num_train_timesteps: number },
): ResolvedGenerateOptions {
  const texts = checkPrompts(prompt);
  const defaults = { ...DEFAULTS, seed: randomSeed() };
  const o = checkOptions<Checked>('generate', options, defaults, rules(num_train_timesteps));
  const isSeedDrawn = options.seed === undefined;
  return {
    ...o,
    isSeedDrawn,
    prompts: texts.flatMap((text) => Array<string>(o.numImagesPerPrompt).fill(text)),
  };
}

const DEFAULTS = {
  numInferenceSteps: 50,
  guidanceScale: 1,
  guidanceRescale: 0,
  guidanceInterval: [0, 1] as const,
  negativePrompt: '',
  numImagesPerPrompt: 1,
  extras: {},
  returnIntermediates: false,
  mixedPrecision: 'no' as const,
};

const isPair = (value: unknown): value is [unknown, unknown] =>
  Array.isArray(value) && value.length === 2;
const isScale = (value: unknown) =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).join() === 'scale' &&
  Number.isFinite((value as { readonly scale: unknown }).scale);
const isFunction = (value: unknown) => value === undefined || typeof value === 'function';

const rules = (most: number): OptionRules<Checked> => ({
  seed: SEED_RULE,
  numInferenceSteps: [`an integer from 1 to ${most}`, (v) => isCount(v) && v <= most],
  guidanceScale: ['a finite number', Number.isFinite],
  guidanceRescale: ['a number from 0 to 1', isShare],
  guidanceInterval: [
    '[from, to] with 0 ≤ from ≤ to ≤ 1',
    (v) => isPair(v) && isShare(v[0]) && isShare(v[1]) && v[0] <= v[1],
  ],
  negativePrompt: ['a string', (v) => typeof v === 'string'],
  numImagesPerPrompt: ['an integer ≥ 1', isCount],
  size: ['[height, width]', (v) => v === undefined || (isPair(v) && v.every(isCount))],
  extras: ['tensors by name', (v) => typeof v === 'object' && v !== null && !Array.isArray(v)],
  returnIntermediates: ['true or false', (v) => typeof v === 'boolean'],
  mixedPrecision: MIXED_PRECISION_RULE,
  progressBar: ['true or false', (v) => v === undefined || typeof v === 'boolean'],
  crossAttentionKwargs: ['{ scale: a finite number }', (v) => v === undefined || isScale(v)],
  callbackOnStepEnd: ['a function', isFunction],
  onWarning: ['a function', isFunction],
  signal: ['an AbortSignal', (v) => v === undefined || v instanceof AbortSignal],
});
