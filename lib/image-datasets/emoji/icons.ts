/** Emoji as SVG in three styles, from npm packages of icon data, joined by their code points. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { DatasetError } from '../errors';

const { resolve } = createRequire(__filename);

/** Twitter's Twemoji (CC BY 4.0), Google's Noto Emoji (Apache 2.0), Microsoft's Fluent Emoji, flat (MIT). */
export type EmojiStyle = 'twitter' | 'noto' | 'fluent';

export const EMOJI_STYLES: readonly EmojiStyle[] = ['twitter', 'noto', 'fluent'];

interface Source {
  readonly name: string;
  readonly icons: () => string;
  readonly chars: () => string;
  /** Of icons.json: other versions were not tried, and one bad drawing ends the process. */
  readonly sha256: string;
}

const SOURCES: Readonly<Record<EmojiStyle, Source>> = {
  twitter: {
    name: '@iconify-json/twemoji 1.2.5',
    icons: () => resolve('@iconify-json/twemoji/icons.json'),
    chars: () => resolve('@iconify-json/twemoji/chars.json'),
    sha256: '5d5d820790565b764f2728675d487c9ee4c1fc83916d8567d5aca8ba7527c242',
  },
  noto: {
    name: '@iconify-json/noto 1.2.9',
    icons: () => resolve('@iconify-json/noto/icons.json'),
    chars: () => resolve('@iconify-json/noto/chars.json'),
    sha256: '9eac6ef4e7ec122b6f0e7ac281d61008afdbc720d0ce861e398b939daaa347c6',
  },
  fluent: {
    name: '@iconify-json/fluent-emoji-flat 1.2.6',
    icons: () => resolve('@iconify-json/fluent-emoji-flat/icons.json'),
    chars: () => resolve('@iconify-json/fluent-emoji-flat/chars.json'),
    sha256: 'f5f4cf457c0db2ad5a2e42e033e02e0c87d10e43d0164cfffb3bb84914970a63',
  },
};

/** Drawings on which resvg 2.6.2 aborts the process: the parcel (1F4E6) and the rainbow flag of Noto. */
const ABORTING: Readonly<Partial<Record<EmojiStyle, readonly string[]>>> = {
  noto: ['1f4e6', '1f3f3-200d-1f308'],
};

interface Icon {
  readonly body: string;
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
}

interface IconSet {
  readonly icons: Readonly<Record<string, Icon>>;
  readonly width: number;
  readonly height: number;
}

/** The drawings of a style by code point. */
export interface Drawings {
  readonly style: EmojiStyle;
  /** `1f34e`, or several with hyphens, without U+FE0F, to the name of the package. */
  readonly names: ReadonlyMap<string, string>;
  /** All code points of the package, also of what cannot be drawn. */
  readonly codes: ReadonlySet<string>;
  /** @returns the SVG in a square */
  svg(code: string): string;
}

/** @throws DatasetError if another version is installed than was tried */
export function readDrawings(style: EmojiStyle): Drawings {
  const { name, icons: file, chars, sha256 } = SOURCES[style];
  const bytes = readFileSync(file());
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) {
    throw new DatasetError({
      file: 'icons.json',
      expected: `that of ${name} (SHA-256 ${sha256.slice(0, 12)}…)`,
      found: `another version (${found.slice(0, 12)}…), which was not tried`,
      remedy: 'Run npm ci. A new version is tried by scripts/try-emoji.mjs.',
    });
  }
  const set = JSON.parse(bytes.toString('utf8')) as IconSet;
  const names = new Map<string, string>();
  const all = new Set<string>();
  const codes = JSON.parse(readFileSync(chars(), 'utf8')) as Record<string, string>;
  for (const [code, icon] of Object.entries(codes)) {
    const plain = code
      .split('-')
      .filter((point) => point !== 'fe0f')
      .join('-');
    all.add(plain);
    const isDrawn = set.icons[icon] !== undefined && !ABORTING[style]?.includes(plain);
    if (isDrawn && !names.has(plain)) names.set(plain, icon);
  }
  return { style, names, codes: all, svg: (code) => squareSvg(set, set.icons[names.get(code)!]!) };
}

/** Some are not square, as a slice of watermelon: these are centred. */
export function squareSvg(set: Pick<IconSet, 'width' | 'height'>, icon: Icon): string {
  const { left = 0, top = 0, width = set.width, height = set.height } = icon;
  const side = Math.max(width, height);
  const box = [left - (side - width) / 2, top - (side - height) / 2, side, side].join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${box}" width="${side}" height="${side}">${icon.body}</svg>`;
}
