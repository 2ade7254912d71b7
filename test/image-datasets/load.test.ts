/** Pictures of every kind to bytes, and what is said of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CenterCrop,
  Compose,
  RandomCrop,
  RandomHorizontalFlip,
  Resize,
} from '../../lib/datasets/image-transforms';
import { decodeImage } from '../../lib/image-datasets/decode';
import { loadImageFolder } from '../../lib/image-datasets/load-image-folder';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { goldenFolder } from '../support/golden';
import { folderOf, jsonl, png } from './pictures';

const decoded = goldenFolder('decoded');
const WHITE = [255, 255, 255] as const;

interface Expected {
  shape: number[];
  /** What Pillow reads, as base64. */
  rgb: string;
  grey?: string;
}
const expected = JSON.parse(readFileSync(path.join(decoded, 'expected.json'), 'utf8')) as Record<
  string,
  Expected
>;

describe('decoding, as Pillow to the bit', () => {
  it.each(Object.keys(expected))('%s', async (name) => {
    const bytes = readFileSync(path.join(decoded, name));
    const { data, shape } = await decodeImage(bytes, { channels: 3, background: WHITE });
    const { rgb, grey, shape: size } = expected[name]!;
    expect(shape).toEqual([...size, 3]);
    expect(Buffer.from(data).equals(Buffer.from(rgb, 'base64'))).toBe(true);
    if (grey === undefined) return;
    const one = await decodeImage(bytes, { channels: 1, background: WHITE });
    expect(Buffer.from(one.data).equals(Buffer.from(grey, 'base64'))).toBe(true);
  });

  it('a picture of four inks becomes red, green and blue by its profile or a usual one', async () => {
    const bytes = readFileSync(path.join(decoded, 'cmyk', 'cmyk.jpg'));
    const { data, shape } = await decodeImage(bytes, { channels: 3, background: WHITE });
    expect(shape).toEqual([16, 24, 3]);
    const [white, cyan] = [data.subarray(0, 3), data.subarray(-3)];
    expect(Math.min(...white)).toBeGreaterThan(245);
    expect(cyan[0]).toBeLessThan(80);
    expect(Math.min(cyan[1]!, cyan[2]!)).toBeGreaterThan(120);
  });

  it('a hidden colour is not shown: what is transparent is the background', async () => {
    const bytes = png([255, 0, 0, 0], 4, 4);
    const { data } = await decodeImage(bytes, { channels: 3, background: [1, 2, 3] });
    expect([...data.subarray(0, 3)]).toEqual([1, 2, 3]);
  });
});

describe('sizes', () => {
  const photo = readFileSync(path.join(goldenFolder('resize'), 'photo-0.png'));
  it('the shorter side is resized by lanczos, then the middle taken', async () => {
    const folder = folderOf({ 'a.png': photo });
    const image = await decodeImage(photo, { channels: 3, background: WHITE });
    const steps = [new Resize(32, { interpolation: 'lanczos' }), new CenterCrop(32)];
    const { images, report } = await loadImageFolder(folder, { size: 32 });
    expect(images.data).toEqual(new Compose(steps).forward(image).data);
    expect(report.sizes).toEqual({ smallest: [96, 128], largest: [96, 128] });
  });

  it('height and width, grey, and a transform of the caller', async () => {
    const folder = folderOf({ 'a.png': photo, 'b.png': photo });
    const { images } = await loadImageFolder(folder, { size: [20, 48], channels: 1 });
    expect(images.shape).toEqual([2, 20, 48, 1]);
    const transform = new RandomCrop(32);
    const load = (seed: number) => loadImageFolder(folder, { size: 32, transform, seed });
    const [first, again, other] = [await load(1), await load(1), await load(2)];
    expect(first.images.data).toEqual(again.images.data);
    expect(first.images.data).not.toEqual(other.images.data);
    const half = first.images.data.length / 2;
    expect(first.images.data.subarray(0, half)).not.toEqual(first.images.data.subarray(half));
    await expect(loadImageFolder(folder, { size: 16, transform })).rejects.toThrow(
      'transform: expected an image of the option size, [16, 16, 3], got [32, 32, 3].',
    );
  });

  it('small ones are enlarged, which is said', async () => {
    const folder = folderOf({ 'a.png': png([1, 2, 3], 4, 5), 'b.png': photo });
    const { report } = await loadImageFolder(folder, { size: 16 });
    expect(report.enlarged).toBe(1);
    expect(report.sizes).toEqual({ smallest: [5, 4], largest: [96, 128] });
    expect(String(report)).toContain('sizes: 4 × 5 to 128 × 96 (width × height); 1 were enlarged');
  });
});

describe('captions', () => {
  it('ids point at distinct captions; several of an image stay together, the first one first', async () => {
    const folder = folderOf({
      'a.png': png(),
      'b.png': png(),
      'c.png': png(),
      'metadata.jsonl': jsonl(
        { file_name: 'a.png', text: ['red', 'crimson'] },
        { file_name: 'b.png', text: 'red' },
        { file_name: 'c.png', text: ['crimson', 'dark red', 'red'] },
      ),
    });
    const { captions, captionIds, captionChoices, report } = await loadImageFolder(folder, {
      size: 8,
    });
    expect(captions).toEqual(['red', 'crimson', 'dark red']);
    expect([...captionIds]).toEqual([0, 0, 1]);
    expect(captionChoices!.map((ids) => [...ids])).toEqual([[0, 1], [0], [1, 2, 0]]);
    expect(report.captions).toEqual({ distinct: 3, severalOfImage: 2, empty: 0 });
  });

  it('text files: a line is a caption, .txt goes before .caption', async () => {
    const folder = folderOf({
      '1.png': png(),
      '1.txt': 'a fox\r\n\r\nan animal\n',
      'x/2.jpg.png': png(),
      'x/2.jpg.caption': 'two\n',
      '1.caption': 'not this',
    });
    const { captions, report } = await loadImageFolder(folder, { size: 8 });
    expect(captions).toEqual(['a fox', 'an animal', 'two']);
    expect(report.format).toBe('sidecar');
  });

  it('of classes by a template; none where it is said', async () => {
    const folder = folderOf({ 'red_fox/1.png': png(), 'cat/1.png': png() });
    const captionOfLabel = (label: string) => `a photo of a ${label.replaceAll('_', ' ')}`;
    const of = async (options: object) =>
      (await loadImageFolder(folder, { size: 8, ...options })).captions;
    expect(await of({ captionOfLabel })).toEqual(['a photo of a cat', 'a photo of a red fox']);
    expect(await of({ dropLabels: true })).toEqual(['']);
    const flat = folderOf({ 'cat/1.png': png() });
    const { captions } = await loadImageFolder(flat, { size: 8, dropLabels: false });
    expect(captions).toEqual(['cat']);
  });

  it('those that are too long are counted and named', async () => {
    const tokenizer = CLIPTokenizer.fromPretrained(
      path.join(__dirname, '../../data/clip-tokenizer'),
    );
    const long = 'a photograph of a red fox that jumps over a lazy dog';
    const folder = folderOf({
      'a.png': png(),
      'b.png': png(),
      'metadata.jsonl': jsonl(
        { file_name: 'a.png', text: 'a fox' },
        { file_name: 'b.png', text: long },
      ),
    });
    const { report } = await loadImageFolder(folder, { size: 8, tokenizer, maxLength: 8 });
    // start, 12 words and end, as transformers counts them
    expect(report.tokens).toEqual({ maxLength: 8, longest: 14, over: 1, examples: [long] });
    expect(String(report)).toContain(
      'tokens: up to 14; 1 caption over 8, which are cut: a photograph',
    );
  });
});

describe('the report', () => {
  it('says what is left out, and why', async () => {
    const folder = folderOf({
      'train/a.png': png(),
      'test/b.png': png(),
      'train/old.bmp': 'BM',
      'metadata.jsonl': jsonl({ file_name: 'train/a.png', text: 'x' }),
      'loose.png': png(),
      'more.zip': 'PK',
    });
    const { report } = await loadImageFolder(folder, { size: 8 });
    expect(report.splits).toEqual({ train: 2, test: 1 });
    const text = String(report);
    expect(text).toContain("1 image of split 'train', captions by images");
    expect(text).toContain('note: metadata.jsonl: not read, it lies outside of the splits');
    expect(text).toContain('note: loose.png: in no split');
    expect(text).toContain('note: more.zip: not read; unpack it first');
    expect(text).toContain('note: train/old.bmp: not read; write them as PNG or JPEG');
  });

  it('ends after maxSamples', async () => {
    const files = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}.png`, png()]));
    const folder = folderOf(files);
    writeFileSync(path.join(folder, '9.png'), 'bad'); // the last one, never reached
    expect((await loadImageFolder(folder, { size: 8, maxSamples: 5 })).length).toBe(5);
  });
});

describe('mirroring', () => {
  const flip = new Compose([new Resize(8), new CenterCrop(8), new RandomHorizontalFlip(1)]);
  const load = (text: string, transform = flip) => {
    const metadata = jsonl({ file_name: 'a.png', text });
    return loadImageFolder(folderOf({ 'a.png': png(), 'metadata.jsonl': metadata }), {
      size: 8,
      transform,
    });
  };

  it.each(['7', 'A handwritten digit 7', 'the number seven', 'ten Digits'])(
    'of %j is refused',
    async (text) => {
      await expect(load(text)).rejects.toThrow(
        /transform: RandomHorizontalFlip: .* got those of digits/,
      );
    },
  );

  it.each(['a number of birds', '3 birds', 'a red boat'])('of %j is done', async (text) => {
    expect((await load(text)).captions).toEqual([text]);
  });

  it('digits are not refused without it, or if nothing is ever mirrored', async () => {
    for (const last of [[], [new RandomHorizontalFlip(0)]]) {
      const transform = new Compose([new Resize(8), new CenterCrop(8), ...last]);
      expect((await load('7', transform)).length).toBe(1);
    }
  });
});
