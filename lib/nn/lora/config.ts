/**
 * What an adapter is like: the options of peft's `LoraConfig`, of which those that are not here are refused.
 *
 * Hu et al. 2021, "LoRA: low-rank adaptation of large language models".
 */
import { checkOptions, isCount, isPositive, SEED_RULE, type OptionRules } from '../../options';

/** Numbers by a module's name, or the end of one; a key is a regular expression, as in peft. */
export type LoraPattern = Readonly<Record<string, number>>;

export interface LoraConfig {
  /** Rank of the change: rows of A. Default 8. */
  readonly r?: number | undefined;
  /** The change counts alpha / r times. Default 8. */
  readonly loraAlpha?: number | undefined;
  /**
   * Which layers: names of modules, or ends of names after a dot (`['to_q', 'to_k', 'to_v', 'to_out.0']`, as diffusers'
   * scripts take); one text is a regular expression for the whole name; `all-linear` every `Linear`.
   */
  readonly targetModules: string | readonly string[];
  /**
   * First weights: true (default) A from U(±1/√inputs), B zero; `gaussian` (diffusers' scripts) A from N(0, 1/r²), B zero;
   * false both from their layers' own default, so that the adapter changes something at once.
   */
  readonly initLoraWeights?: boolean | 'gaussian' | undefined;
  /** Divides by √r in place of r (Kalajdzievski 2023). Default false. */
  readonly useRslora?: boolean | undefined;
  /** Other ranks for some layers. Default {}. */
  readonly rankPattern?: LoraPattern | undefined;
  /** Other alphas for some layers. Default {}. */
  readonly alphaPattern?: LoraPattern | undefined;
  /** Decides the first weights. Default 0. */
  readonly seed?: number | undefined;
}

export type ResolvedLoraConfig = {
  readonly [K in keyof LoraConfig]-?: NonNullable<LoraConfig[K]>;
};

const DEFAULTS = {
  r: 8,
  loraAlpha: 8,
  initLoraWeights: true as const,
  useRslora: false,
  rankPattern: {},
  alphaPattern: {},
  seed: 0,
};

const isBoolean = (v: unknown) => typeof v === 'boolean';
const isText = (v: unknown) => typeof v === 'string' && v !== '';
/** Whether it is a `LoraPattern` of such numbers. */
export const isPattern = (fits: (v: unknown) => boolean) => (v: unknown) =>
  typeof v === 'object' &&
  v !== null &&
  !Array.isArray(v) &&
  Object.entries(v).every(([key, value]) => isRegExp(key) && fits(value));

function isRegExp(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

const RULES: OptionRules<ResolvedLoraConfig> = {
  r: ['an integer ≥ 1', isCount],
  loraAlpha: ['a finite number > 0', isPositive],
  targetModules: [
    "names of modules such as ['to_q', 'to_v'], a regular expression as a text, or 'all-linear'",
    (v) =>
      Array.isArray(v) ? v.length > 0 && v.every(isText) : isText(v) && isRegExp(v as string),
  ],
  initLoraWeights: ["true, false or 'gaussian'", (v) => isBoolean(v) || v === 'gaussian'],
  useRslora: ['true or false', isBoolean],
  rankPattern: ['integers ≥ 1 by names of modules', isPattern(isCount)],
  alphaPattern: ['finite numbers > 0 by names of modules', isPattern(isPositive)],
  seed: SEED_RULE,
};

/** @throws RangeError naming every option that is unknown or out of range */
export function resolveLoraConfig(owner: string, config: LoraConfig): ResolvedLoraConfig {
  if (typeof config !== 'object' || config === null) {
    throw new TypeError(
      `${owner}: expected options such as { r: 4, targetModules: ['to_q'] }, got ${String(config)}.`,
    );
  }
  return checkOptions(owner, config, DEFAULTS, RULES);
}

/** The number of the first pattern that a module's name, or its end after a dot, matches; as peft's `get_pattern_key`. */
export function byPattern(pattern: LoraPattern, name: string, otherwise: number): number {
  const key = Object.keys(pattern).find((key) => new RegExp(`^(.*\\.)?(${key})$`).test(name));
  return key === undefined ? otherwise : pattern[key]!;
}

/** What an adapter is on one layer. */
export interface LoraShape {
  readonly r: number;
  readonly alpha: number;
  readonly useRslora: boolean;
}

/** How often B A counts. */
export function scalingOf({ r, alpha, useRslora }: LoraShape): number {
  return alpha / (useRslora ? Math.sqrt(r) : r);
}
