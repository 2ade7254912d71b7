/** Emoji as a data set: small, colourful pictures with captions, drawn here from SVG at any size. */
import ndarray from 'ndarray';
import { createRequire } from 'node:module';
import type * as resvg from '@resvg/resvg-js';
import type { ImageDataset } from '../../datasets/data-loader';
import { Images } from '../../images/images';
import { checkOptions, isCount } from '../../options';
import { COLOUR_RULE, type Colour } from '../decode';
import {
  conceptsOf,
  EMOJI_GROUPS,
  heldOutStyle,
  isHeldOutTone,
  type Concept,
  type EmojiCategory,
} from './concepts';
import { EMOJI_STYLES, readDrawings, type Drawings, type EmojiStyle } from './icons';

/**
 * `train`: what the two others leave. `unseen-styles`: concepts in a style in which the training does not have them.
 * `unseen-tones`: figures in a tone of skin in which the training does not have them. `all`: all of them.
 */
export type EmojiSplit = 'train' | 'unseen-styles' | 'unseen-tones' | 'all';

export interface LoadEmojiOptions {
  /** Pixels of the square. Default: 32. */
  readonly size?: number | undefined;
  /** Default: all three. */
  readonly styles?: readonly EmojiStyle[] | undefined;
  /** Unicode's groups. Default: all of them, which is all but flags. */
  readonly categories?: readonly EmojiCategory[] | undefined;
  /** Which concepts of these groups. Default: each. */
  readonly where?: ((concept: Concept) => boolean) | undefined;
  /** Default: `train`. */
  readonly split?: EmojiSplit | undefined;
  /** Also the five tones of skin of 330 figures. Default: false; for the split `unseen-tones` true. */
  readonly tones?: boolean | undefined;
  /** Behind the picture, 0 to 255. Default: white. */
  readonly background?: Colour | undefined;
  /** Default: `noto emoji of red apple`. */
  readonly caption?: ((concept: string, style: EmojiStyle) => string) | undefined;
}

/** Emoji with captions, held on the host. */
export interface EmojiDataset extends ImageDataset {
  /** [N, size, size, 3], 0 to 255. */
  readonly images: Images<Uint8Array>;
  /** Of each image. */
  readonly styles: readonly EmojiStyle[];
  /** What each image shows, without the style: `red apple`. */
  readonly concepts: readonly string[];
  /** Code points of each. */
  readonly codes: readonly string[];
}

const SPLITS: readonly EmojiSplit[] = ['train', 'unseen-styles', 'unseen-tones', 'all'];

function resolveOptions(options: LoadEmojiOptions) {
  const defaults = {
    size: 32,
    styles: EMOJI_STYLES,
    categories: EMOJI_GROUPS,
    where: () => true,
    split: 'train',
    tones: options.split === 'unseen-tones',
    background: [255, 255, 255],
    caption: (concept: string, style: EmojiStyle) => `${style} emoji of ${concept}`,
  } as const;
  const isSomeOf = (all: readonly string[]) => (value: unknown) =>
    Array.isArray(value) &&
    value.length > 0 &&
    new Set(value).size === value.length &&
    value.every((name) => all.includes(name as string));
  return checkOptions<
    Required<{ [K in keyof LoadEmojiOptions]-?: NonNullable<LoadEmojiOptions[K]> }>
  >('loadEmoji', options, defaults, {
    size: ['an integer from 8 to 512', (value) => isCount(value) && value >= 8 && value <= 512],
    styles: [`some of ${EMOJI_STYLES.join(', ')}, each once`, isSomeOf(EMOJI_STYLES)],
    categories: [`some of ${EMOJI_GROUPS.join(', ')}, each once`, isSomeOf(EMOJI_GROUPS)],
    where: ['a function of a concept', (value) => typeof value === 'function'],
    split: [`one of ${SPLITS.join(', ')}`, (value) => SPLITS.includes(value as EmojiSplit)],
    tones: [
      "true or false, for the split 'unseen-tones' true",
      (value, { split }) => typeof value === 'boolean' && (value || split !== 'unseen-tones'),
    ],
    background: COLOUR_RULE,
    caption: ['a function', (value) => typeof value === 'function'],
  });
}

/** The split that a picture belongs to. */
function splitOf(concept: Concept, style: EmojiStyle, inStyles: readonly EmojiStyle[]): EmojiSplit {
  if (heldOutStyle(concept, inStyles) === style) return 'unseen-styles';
  return isHeldOutTone(concept) ? 'unseen-tones' : 'train';
}

const requireHere = createRequire(__filename);
/** Loaded by the first data set: importing the library does not. */
const loadResvg = () => requireHere('@resvg/resvg-js') as typeof resvg;

/** RGB bytes of an SVG. */
function draw(svg: string, size: number, [r, g, b]: Colour): Uint8Array {
  const { Resvg } = loadResvg();
  const image = new Resvg(svg, {
    fitTo: { mode: 'width', value: size },
    background: `rgb(${r},${g},${b})`, // without one, colours would come multiplied by their alpha
    font: { loadSystemFonts: false },
  }).render();
  const { pixels } = image;
  if (image.width !== size || image.height !== size) {
    throw new Error(
      `loadEmoji: expected ${size} × ${size} pixels, resvg drew ${image.width} × ${image.height}.`,
    );
  }
  const rgb = new Uint8Array(size * size * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4) {
    rgb[to++] = pixels[from]!;
    rgb[to++] = pixels[from + 1]!;
    rgb[to++] = pixels[from + 2]!;
  }
  return rgb;
}

/**
 * The name of each drawing of a style, where pictures that are the same have the shortest of theirs: Twemoji draws 26
 * families alike.
 */
function sharedNames(drawings: Drawings, concepts: readonly Concept[]): Map<string, string> {
  const shortest = new Map<string, string>();
  const svgs = concepts.map(({ code }) => drawings.svg(code));
  const isBefore = (a: string, b: string) =>
    a.length < b.length || (a.length === b.length && a < b);
  concepts.forEach(({ name }, i) => {
    const known = shortest.get(svgs[i]!);
    if (known === undefined || isBefore(name, known)) shortest.set(svgs[i]!, name);
  });
  return new Map(concepts.map(({ code }, i) => [code, shortest.get(svgs[i]!)!]));
}

/**
 * Emoji of three styles with captions that name the style, drawn from SVG: 4,873 pictures of 1,644 concepts, and with tones
 * of skin 10,478, in `train` less what is held out. The licences stand in data/emoji.
 *
 * @throws RangeError for bad options; DatasetError if other versions of the packages are installed than were tried
 */
export function loadEmoji(options: LoadEmojiOptions = {}): EmojiDataset {
  const { size, styles, categories, where, split, tones, background, caption } =
    resolveOptions(options);
  const sets = EMOJI_STYLES.map(readDrawings);
  const drawings = Object.fromEntries(sets.map((set) => [set.style, set])) as Record<
    EmojiStyle,
    Drawings
  >;
  const all = conceptsOf(drawings.twitter, drawings.noto);
  const concepts = all.filter((concept) => tones || concept.tones.length === 0);
  const isAsked = (concept: Concept) => categories.includes(concept.category) && where(concept);
  if (!concepts.some(isAsked)) {
    throw new RangeError(
      `loadEmoji: where: expected a function that takes some of the concepts of ${categories.join(', ')}, got one that takes none.`,
    );
  }
  const rows = styles.flatMap((style) => {
    const own = concepts.filter(({ code }) => drawings[style].names.has(code));
    const names = sharedNames(drawings[style], own);
    return own
      .filter(isAsked)
      .filter((concept) => {
        const inStyles = EMOJI_STYLES.filter((name) => drawings[name].names.has(concept.code));
        return split === 'all' || splitOf(concept, style, inStyles) === split;
      })
      .map(({ code }) => ({ style, code, concept: names.get(code)! }));
  });
  const pixels = new Uint8Array(rows.length * size * size * 3);
  rows.forEach(({ style, code }, i) => {
    pixels.set(draw(drawings[style].svg(code), size, background), i * size * size * 3);
  });
  const texts = rows.map(({ concept, style }) => caption(concept, style));
  const captions = [...new Set(texts)];
  const ids = new Map(captions.map((text, id) => [text, id]));
  return {
    images: new Images(ndarray(pixels, [rows.length, size, size, 3])),
    captionIds: Int32Array.from(texts, (text) => ids.get(text)!),
    captions,
    length: rows.length,
    styles: rows.map(({ style }) => style),
    concepts: rows.map(({ concept }) => concept),
    codes: rows.map(({ code }) => code),
  };
}
