import type { NdArray } from 'ndarray';

/** What a step's callback is told. */
export interface StepEnd {
  /** Steps done, from 1. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  /** The model's time step, from num_train_timesteps − 1 downwards. */
  readonly timestep: number;
  /** The images so far, [N, H, W, C], 0 to 1; read from the device when called. */
  readonly sample: () => NdArray<Float32Array>;
  /** The images that the model now expects at the end. */
  readonly predOriginalSample: () => NdArray<Float32Array>;
}

export interface GenerateOptions {
  readonly seed: number;
  /** 1 to num_train_timesteps; 50 unless told. */
  readonly numInferenceSteps?: number;
  /**
   * s in u + s · (c − u): 0 ignores the prompt, 1 (default) is the model itself and costs half, above 1
   * pushes away from the negative prompt. Papers that write (1 + w) have w = s − 1.
   */
  readonly guidanceScale?: number;
  /** φ of guidance rescale (Lin et al. 2023, who take 0.7), 0 to 1; 0 unless told. */
  readonly guidanceRescale?: number;
  /**
   * Where guidance acts: from and to which share of the training's time steps, 0 (no noise) to 1; everywhere
   * unless told. A step outside costs half. Kynkäänniemi et al. 2024, "Applying guidance in a limited
   * interval improves sample and distribution quality in diffusion models".
   */
  readonly guidanceInterval?: readonly [number, number];
  /** What guidance departs from; the empty text unless told. */
  readonly negativePrompt?: string;
  /** Images for each prompt; 1 unless told. */
  readonly numImagesPerPrompt?: number;
  /** Height and width; the UNet's sample_size unless told. */
  readonly size?: readonly [number, number];
  /** Called after each step; a promise is awaited. */
  readonly callbackOnStepEnd?: (end: StepEnd) => void | Promise<void>;
  /** Stops after the present step. */
  readonly signal?: AbortSignal;
}

export type ResolvedGenerateOptions = Required<
  Omit<GenerateOptions, 'signal' | 'callbackOnStepEnd' | 'size' | 'numImagesPerPrompt'>
> &
  Pick<GenerateOptions, 'callbackOnStepEnd' | 'size'> & { readonly prompts: readonly string[] };

function checkPrompts(prompt: unknown): string[] {
  const list: unknown[] = Array.isArray(prompt) ? prompt : [prompt];
  if (list.length === 0) throw new TypeError('generate: expected at least one prompt, got none.');
  const bad = list.findIndex((text) => typeof text !== 'string');
  if (bad >= 0) {
    const place = Array.isArray(prompt) ? ` at position ${bad}` : '';
    throw new TypeError(
      `generate: expected a prompt as a string${place}, got ${typeof list[bad]} ${String(list[bad])}.`,
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
  const o = {
    numInferenceSteps: 50,
    guidanceScale: 1,
    guidanceRescale: 0,
    guidanceInterval: [0, 1] as const,
    negativePrompt: '',
    numImagesPerPrompt: 1,
    ...options,
  };
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 1;
  const isShare = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1;
  const { numInferenceSteps: steps, size } = o;
  const interval: readonly number[] = o.guidanceInterval;
  const rules: [name: keyof GenerateOptions, expected: string, fits: boolean][] = [
    ['seed', 'an integer from 0 to 2^53 − 1', Number.isSafeInteger(o.seed) && o.seed >= 0],
    [
      'numInferenceSteps',
      `an integer from 1 to ${num_train_timesteps}`,
      isCount(steps) && steps <= num_train_timesteps,
    ],
    ['guidanceScale', 'a finite number', Number.isFinite(o.guidanceScale)],
    ['guidanceRescale', 'a number from 0 to 1', isShare(o.guidanceRescale)],
    [
      'guidanceInterval',
      '[from, to] with 0 ≤ from ≤ to ≤ 1',
      Array.isArray(interval) &&
        interval.length === 2 &&
        interval.every(isShare) &&
        interval[0]! <= interval[1]!,
    ],
    ['negativePrompt', 'a string', typeof o.negativePrompt === 'string'],
    ['numImagesPerPrompt', 'an integer ≥ 1', isCount(o.numImagesPerPrompt)],
    [
      'size',
      '[height, width]',
      size === undefined || (Array.isArray(size) && size.length === 2 && size.every(isCount)),
    ],
    [
      'callbackOnStepEnd',
      'a function',
      o.callbackOnStepEnd === undefined || typeof o.callbackOnStepEnd === 'function',
    ],
  ];
  // Not JSON for numbers: it writes NaN as null.
  const shown = (value: unknown) =>
    typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  const problems = rules
    .filter(([, , fits]) => !fits)
    .map(([name, expected]) => `${name}: expected ${expected}, got ${shown(o[name])}`);
  const known = new Set<string>([...rules.map(([name]) => name), 'signal']);
  for (const name of Object.keys(options)) {
    if (!known.has(name))
      problems.push(`${name}: unknown option (known: ${[...known].join(', ')})`);
  }
  if (problems.length > 0) throw new RangeError(`generate: ${problems.join('; ')}.`);
  return { ...o, prompts: texts.flatMap((text) => Array<string>(o.numImagesPerPrompt).fill(text)) };
}
