/** What emoji show: concepts by code point, with names, tones of skin, and what is held out of training. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Drawings, EmojiStyle } from './icons';

const { resolve } = createRequire(__filename);

/** Unicode's groups of emoji; flags are left out. */
export const EMOJI_GROUPS = [
  'Smileys & Emotion',
  'People & Body',
  'Animals & Nature',
  'Food & Drink',
  'Travel & Places',
  'Activities',
  'Objects',
  'Symbols',
] as const;

export type EmojiCategory = (typeof EMOJI_GROUPS)[number];

export interface Concept {
  /** Code points in hexadecimal, with hyphens, without U+FE0F. */
  readonly code: string;
  /** In words: `red apple`, `woman firefighter medium skin tone`. */
  readonly name: string;
  /** The tones of skin in it, `1f3fb` (light) to `1f3ff` (dark). */
  readonly tones: readonly string[];
  /** The code without its tones. */
  readonly figure: string;
  readonly category: EmojiCategory;
}

const isTone = (point: string) => /^1f3f[b-f]$/.test(point);

/** The tones of skin in a code. */
export const tonesOf = (code: string): string[] => code.split('-').filter(isTone);

/** The code without its tones of skin. */
export const figureOf = (code: string): string =>
  code
    .split('-')
    .filter((point) => !isTone(point))
    .join('-');

/** Letters of flags, and tones and hair by themselves: parts of emoji. */
const isComponent = (code: string) => /^(1f1(e[6-9a-f]|f[0-9a-f])|1f3f[b-f]|1f9b[0-3])$/.test(code);

/**
 * What Twitter's and Noto's emoji both have, which is what Unicode names; flags, whose captions are names of countries,
 * and parts of emoji are left out. Names are Twemoji's.
 */
export function conceptsOf(twitter: Drawings, noto: Drawings): Concept[] {
  const file = resolve('@iconify-json/twemoji/metadata.json');
  const { categories } = JSON.parse(readFileSync(file, 'utf8')) as {
    categories: Record<string, readonly string[]>;
  };
  const categoryOf = new Map(
    EMOJI_GROUPS.flatMap((category) => categories[category]!.map((name) => [name, category])),
  );
  return [...twitter.names]
    .filter(([code]) => noto.codes.has(code) && !isComponent(code))
    .flatMap(([code, name]) => {
      const category = categoryOf.get(name);
      if (category === undefined) return [];
      const words = name.replaceAll('-', ' ');
      return [{ code, name: words, tones: tonesOf(code), figure: figureOf(code), category }];
    })
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** 32-bit FNV-1a, so that what is held out depends on the code points alone. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** One in so many is held out. */
const EVERY = 10;

/**
 * The style in which a concept without tones is held out, of one in ten of those that all three have: the model sees the
 * concept in two styles, and the style in all other concepts.
 */
export function heldOutStyle(
  { code, tones }: Concept,
  styles: readonly EmojiStyle[],
): EmojiStyle | undefined {
  if (tones.length > 0 || styles.length < 3 || hash(`concept ${code}`) % EVERY !== 0)
    return undefined;
  return styles[hash(`style ${code}`) % styles.length];
}

/** Whether a figure is held out in this one tone, in all styles; one in ten of figures and tones. */
export function isHeldOutTone({ figure, tones }: Concept): boolean {
  return tones.length === 1 && hash(`tone ${figure} ${tones[0]}`) % EVERY === 0;
}
