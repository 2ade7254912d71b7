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

/** Seeds are 0 to one less. */
export const SEEDS = 2 ** 32;
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

const within = (from: number, to: number, form: RegExp, what: string): Rule<number> => ({
  expected: `${what} from ${from} to ${to}`,
  read: (text) => {
    if (!form.test(text.trim())) return undefined;
    const value = Number(text);
    return value >= from && value <= to ? value : undefined;
  },
});
const whole = (from: number, to: number) => within(from, to, /^\d{1,16}$/, 'a whole number');
/** The slider's own steps: it would silently take the nearest one of another number. */
const hundredths = (from: number, to: number) =>
  within(from, to, /^\d{1,16}(\.\d{1,2})?$/, 'a number (two digits after the point at most)');

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
  seed: whole(0, SEEDS - 1),
  steps: whole(1, Math.min(MOST_STEPS, facts.trainTimesteps)),
  sampler: oneOf(facts.samplers),
  guidance: hundredths(0, MOST_GUIDANCE),
  pictures: oneOf(PICTURES),
});

/** In whole characters: half of one would be shown as a question mark. */
function shortened(text: string): string {
  const characters = [...text];
  return characters.length > 40 ? `${characters.slice(0, 39).join('')}…` : text;
}

/**
 * Reads texts, of the link or of the form.
 *
 * @returns the settings, with defaults for what is missing or does not fit; and a sentence for each that does not fit, or that is
 *   no setting
 */
export function readSettings(
  texts: Readonly<Record<string, string | undefined>>,
  facts: ModelFacts,
  otherwise: Settings,
): { readonly settings: Settings; readonly problems: string[] } {
  const problems: string[] = [];
  const all = rules(facts);
  const entries = Object.entries(all).map(([name, rule]) => {
    const text = texts[name];
    const value = text === undefined ? undefined : rule.read(text);
    if (text !== undefined && value === undefined) {
      problems.push(`${name}: expected ${rule.expected}, got '${shortened(text)}'.`);
    }
    return [name, value ?? otherwise[name as keyof Settings]];
  });
  const names = Object.keys(all);
  const unknown = Object.keys(texts).filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    const shown = unknown.map((name) => `'${shortened(name)}'`).join(', ');
    problems.push(`Of this page's settings (${names.join(', ')}) none is ${shortened(shown)}.`);
  }
  return { settings: Object.fromEntries(entries) as unknown as Settings, problems };
}

export const fromLink = (hash: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(hash.replace(/^#/, '')));

export const toLink = (settings: Settings): string =>
  `#${new URLSearchParams(Object.entries(settings).map(([name, value]) => [name, String(value)])).toString()}`;
