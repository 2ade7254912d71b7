/** The emoji data set: counts that were taken of the packages by hand, splits, and pictures. */
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EMOJI_GROUPS, type Concept } from '../../lib/image-datasets/emoji/concepts';
import { squareSvg } from '../../lib/image-datasets/emoji/icons';
import { loadEmoji, type EmojiDataset } from '../../lib/image-datasets/emoji/load-emoji';
import { tokenLengths } from '../../lib/image-datasets/report';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';

const data = path.join(__dirname, '..', '..', 'data');
let all: EmojiDataset;
beforeAll(() => {
  all = loadEmoji({ split: 'all', tones: true });
});

const count = (values: readonly string[]) => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
};
const hasTone = (code: string) => /1f3f[b-f]/.test(code);
const pairs = ({ codes, styles }: EmojiDataset) => codes.map((code, i) => `${code} ${styles[i]}`);

describe('what there is', () => {
  it('of each style, with and without tones', () => {
    const isBase = all.codes.map((code) => !hasTone(code));
    expect(count(all.styles.filter((_, i) => isBase[i]))).toEqual({
      twitter: 1644,
      noto: 1643,
      fluent: 1586,
    });
    expect(count(all.styles.filter((_, i) => !isBase[i]))).toEqual({
      twitter: 2030,
      noto: 2030,
      fluent: 1545,
    });
    expect(all.images.shape).toEqual([10478, 32, 32, 3]);
  });

  it('captions name the style and the thing, in ASCII', () => {
    const captions = new Set(all.captions);
    for (const style of ['twitter', 'noto', 'fluent']) {
      expect(captions.has(`${style} emoji of red apple`)).toBe(true);
    }
    expect(captions.has('noto emoji of woman firefighter medium skin tone')).toBe(true);
    expect(all.captions.every((caption) => /^[a-z0-9 ]+$/.test(caption))).toBe(true);
    const red = all.codes.indexOf('1f34e');
    expect(all.captions[all.captionIds[red]!]).toBe('twitter emoji of red apple');
    expect([all.concepts[red], all.styles[red]]).toEqual(['red apple', 'twitter']);
  });

  it('drawings that are the same have one name: the families of Twemoji', () => {
    const families = all.concepts.filter(
      (_, i) => all.styles[i] === 'twitter' && /^1f46[8-9].*-1f46[67]$/.test(all.codes[i]!),
    );
    expect(families.length).toBeGreaterThan(20);
    expect(new Set(families).size).toBeLessThan(6);
  });

  it('no flags, no letters of flags, no parcel of Noto, on which resvg ends the process', () => {
    expect(
      all.concepts.filter((name) => /^flag (?!in hole)|regional indicator/.test(name)),
    ).toEqual([]);
    expect(pairs(all)).not.toContain('1f4e6 noto');
    expect(pairs(all)).toContain('1f4e6 twitter');
  });

  it('no picture is empty; the ground is white, or as it is said', () => {
    const size = 32 * 32 * 3;
    const bytes = all.images.data;
    for (let i = 0; i < all.length; i++) {
      const pixels = bytes.subarray(i * size, (i + 1) * size);
      expect(pixels.some((value) => value < 240)).toBe(true);
    }
    const black = loadEmoji({ split: 'unseen-styles', background: [9, 0, 0], size: 16 });
    const corners = Array.from({ length: black.length }, (_, i) => black.images.get(i, 0, 0, 0));
    expect(corners.filter((value) => value === 9).length).toBeGreaterThan(0.6 * black.length);
  });

  it('a red apple is red, and a green one green, in every style', () => {
    const middle = (code: string) =>
      all.codes.flatMap((other, i) =>
        other === code ? [[0, 1].map((c) => all.images.get(i, 18, 14, c))] : [],
      );
    for (const [red = 0, green = 0] of middle('1f34e')) expect(red).toBeGreaterThan(green + 80);
    for (const [red = 0, green = 0] of middle('1f34f')) expect(green).toBeGreaterThan(red + 20);
  });

  it('what is not square lies in the middle of a square', () => {
    const svg = squareSvg({ width: 36, height: 36 }, { body: '', height: 26 });
    expect(svg).toContain('viewBox="0 -5 36 36"');
    const wide = squareSvg({ width: 32, height: 32 }, { body: '', height: 34, left: 1 });
    expect(wide).toContain('viewBox="0 0 34 34"');
  });
});

describe('categories', () => {
  it('are parts that together are all, each picture as it is among all', () => {
    const parts = EMOJI_GROUPS.map((category) =>
      loadEmoji({ categories: [category], split: 'all', tones: true, size: 8 }),
    );
    expect(parts.flatMap(pairs).sort()).toEqual(pairs(all).sort());
    const food = loadEmoji({ categories: ['Food & Drink'], split: 'all' });
    const apple = pairs(food).indexOf('1f34e noto');
    const same = pairs(all).indexOf('1f34e noto');
    const picture = ({ images }: EmojiDataset, i: number) =>
      images.data.subarray(i * 32 * 32 * 3, (i + 1) * 32 * 32 * 3);
    expect(picture(food, apple)).toEqual(picture(all, same));
    expect(food.concepts).not.toContain('grinning face');
  });

  it('are Unicode’s, by the numbers of its chart that the packages have', () => {
    const faces = loadEmoji({
      categories: ['Smileys & Emotion'],
      styles: ['twitter'],
      split: 'all',
    });
    expect(faces.length).toBeGreaterThan(160);
    expect(faces.concepts).toEqual(expect.arrayContaining(['red heart', 'grinning cat']));
  });
});

it('takes the concepts that are asked for, each picture as it is among all', () => {
  const isThumb = ({ figure }: Concept) => figure === '1f44d';
  const thumbs = loadEmoji({ where: isThumb, tones: true, split: 'all' });
  expect(new Set(thumbs.codes)).toEqual(
    new Set(['1f44d', ...['b', 'c', 'd', 'e', 'f'].map((tone) => `1f44d-1f3f${tone}`)]),
  );
  expect(pairs(thumbs)).toEqual(pairs(all).filter((pair) => pair.startsWith('1f44d')));
  expect(loadEmoji({ where: isThumb, split: 'all' }).length).toBe(3);
  expect(() => loadEmoji({ where: () => false })).toThrow(/expected a function that takes some/);
});

describe('splits', () => {
  it('are what they say, apart, and together all', () => {
    const [train, styles, tones] = (['train', 'unseen-styles', 'unseen-tones'] as const).map(
      (split) => loadEmoji({ split, tones: true, size: 8 }),
    ) as [EmojiDataset, EmojiDataset, EmojiDataset];
    const together = [train, styles, tones].flatMap(pairs);
    expect(new Set(together).size).toBe(together.length);
    expect(together.sort()).toEqual(pairs(all).sort());

    // of 1,585 concepts that have all three styles, one style of one in ten
    expect(styles.length).toBeGreaterThan(158 - 5 * 12);
    expect(styles.length).toBeLessThan(158 + 5 * 12);
    expect(new Set(styles.codes).size).toBe(styles.length);
    expect(styles.codes.some(hasTone)).toBe(false);
    const trained = count(train.codes);
    expect(styles.codes.every((code) => trained[code] === 2)).toBe(true);

    // of 4,845 pictures with one tone one in ten, in all styles at once
    expect(tones.length).toBeGreaterThan(485 - 5 * 36);
    expect(tones.length).toBeLessThan(485 + 5 * 36);
    const inTrain = new Set(train.codes);
    expect(tones.codes.some((code) => inTrain.has(code))).toBe(false);
    const figure = (code: string) =>
      code
        .split('-')
        .filter((point) => !hasTone(point))
        .join('-');
    const figures = new Set(train.codes.map(figure));
    expect(tones.codes.every((code) => figures.has(figure(code)))).toBe(true);
  });

  it('are the same each time, and do not change with the size or the styles', () => {
    const one = loadEmoji({ split: 'unseen-styles', size: 8 });
    const noto = loadEmoji({ split: 'unseen-styles', size: 16, styles: ['noto'] });
    expect(pairs(noto)).toEqual(pairs(one).filter((pair) => pair.endsWith(' noto')));
    const again = loadEmoji({ split: 'unseen-styles', size: 8 });
    expect(again.images.data).toEqual(one.images.data);
  });
});

describe('the tokenizer', () => {
  it('cut for these words gives the pieces of the whole one, within 16 tokens without tones', () => {
    const [whole, cut] = ['clip-tokenizer', 'clip-tokenizer-emoji'].map((name) =>
      CLIPTokenizer.fromPretrained(path.join(data, name)),
    ) as [CLIPTokenizer, CLIPTokenizer];
    expect(cut.modelMaxLength).toBe(16);
    const texts = all.captions.filter((_, i) => i % 7 === 0);
    const pieces = (tokenizer: CLIPTokenizer) =>
      texts.map((text) => {
        const { input_ids: ids } = tokenizer.encode([text], { maxLength: 40 });
        return tokenizer.decode([...ids]);
      });
    expect(pieces(cut)).toEqual(pieces(whole));
    const lengths = (tokenizer: CLIPTokenizer) => tokenLengths(texts, tokenizer, 16);
    expect(lengths(cut)).toEqual(lengths(whole));
    const base = [...new Set(all.captionIds.filter((_, i) => !hasTone(all.codes[i]!)))].map(
      (id) => all.captions[id]!,
    );
    expect(tokenLengths(base, cut, 16).over).toBe(0);
  });
});

it.each([
  [{ size: 4 }, /size: expected an integer from 8 to 512, got 4/],
  [{ styles: [] }, /styles: expected some of twitter, noto, fluent, each once/],
  [{ styles: ['apple'] }, /styles: expected some of/],
  [{ categories: ['Flags'] }, /categories: expected some of Smileys & Emotion, People & Body/],
  [{ where: 'hands' }, /where: expected a function of a concept, got "hands"/],
  [{ split: 'test' }, /split: expected one of train, unseen-styles/],
  [{ split: 'unseen-tones', tones: false }, /tones: expected true or false, for the split/],
  [{ colour: 1 }, /colour: unknown option/],
])('loadEmoji(%j) is refused', (options, says) => {
  expect(() => loadEmoji(options as object)).toThrow(says);
});
