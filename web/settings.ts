/** What a reader has set, and how it stands in the link: `#prompt=…&seed=7&steps=20&sampler=ddim&guidance=1.5&pictures=nine`. */
import type { SamplerName } from '../lib/schedulers/samplers';
import type { ModelFacts } from './messages';

/** How many pictures: one; nine of one prompt; or one of each caption. */
export const PICTURES = ['one', 'nine', 'all'] as const;
export type Pictures = (typeof PICTURES)[number];

export interface Settings {
  readonly prompt: string;
  readonly seed: number;
  readonly steps: number;
  readonly sampler: SamplerName;
  readonly guidance: number;
  readonly pictures: Pictures;
}

export const MOST_STEPS = 100;
export const MOST_GUIDANCE = 8;
const LONGEST_PROMPT = 1000;

/** So many captions at most are drawn all at once. */
export const MOST_AT_ONCE = 12;

export function defaults({ captions }: ModelFacts): Settings {
  return {
    prompt: captions[Math.min(4, captions.length - 1)] ?? '',
    seed: 7,
    steps: 20,
    // With noise at each step, 20 steps come nearest to real digits (docs/quality.md).
    sampler: 'sde-dpm-solver++',
    // Not every model was trained without captions, too, as guidance needs it.
    guidance: 1,
    pictures: 'one',
  };
}

interface Rule<T> {
  readonly expected: string;
  /** Undefined for what does not fit. */
  readonly read: (text: string) => T | undefined;
}

const number = (from: number, to: number, isWhole: boolean): Rule<number> => ({
  expected: `${isWhole ? 'a whole number' : 'a number'} from ${from} to ${to}`,
  read: (text) => {
    if (!/^\d{1,16}(\.\d{1,6})?$/.test(text.trim())) return undefined;
    const value = Number(text);
    const fits = value >= from && value <= to && (!isWhole || Number.isSafeInteger(value));
    return fits ? value : undefined;
  },
});

const oneOf = <T extends string>(names: readonly T[]): Rule<T> => ({
  expected: `one of ${names.join(', ')}`,
  read: (text) => names.find((name) => name === text),
});

/** What each setting may be. */
export const rules = (facts: ModelFacts) => ({
  prompt: {
    expected: `a text of at most ${LONGEST_PROMPT} characters`,
    read: (text: string) => (text.length <= LONGEST_PROMPT ? text : undefined),
  } satisfies Rule<string>,
  seed: number(0, 2 ** 32 - 1, true),
  steps: number(1, Math.min(MOST_STEPS, facts.trainTimesteps), true),
  sampler: oneOf(facts.samplers),
  guidance: number(0, MOST_GUIDANCE, false),
  pictures: oneOf(PICTURES),
});

/**
 * Reads texts, of the link or of the form.
 *
 * @returns the settings, with defaults for what is missing or does not fit; and a sentence for each that does not fit
 */
export function readSettings(
  texts: Readonly<Record<string, string | undefined>>,
  facts: ModelFacts,
  otherwise: Settings,
): { readonly settings: Settings; readonly problems: string[] } {
  const problems: string[] = [];
  const entries = Object.entries(rules(facts)).map(([name, rule]) => {
    const text = texts[name];
    const value = text === undefined ? undefined : rule.read(text);
    if (text !== undefined && value === undefined) {
      const shown = text.length > 40 ? `${text.slice(0, 39)}…` : text;
      problems.push(`${name}: expected ${rule.expected}, got '${shown}'.`);
    }
    return [name, value ?? otherwise[name as keyof Settings]];
  });
  return { settings: Object.fromEntries(entries) as unknown as Settings, problems };
}

export const fromLink = (hash: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(hash.replace(/^#/, '')));

export const toLink = (settings: Settings): string =>
  `#${new URLSearchParams(Object.entries(settings).map(([name, value]) => [name, String(value)])).toString()}`;
