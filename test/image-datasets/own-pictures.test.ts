/** The pictures that ship for 21-your-own-pictures: what they show is what their captions say. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { loadImageFolder } from '../../lib/image-datasets/load-image-folder';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { EMOJI_TOKENIZER } from '../../lib/emoji/shipped';
import { root } from '../support/script';

const folder = path.join(root, 'data', 'own-pictures');
const tokenizer = CLIPTokenizer.fromPretrained(EMOJI_TOKENIZER);

it('are five things in five colours but for the purple fish, each once, no caption cut', async () => {
  const { captions, length, report } = await loadImageFolder(folder, {
    size: 32,
    tokenizer,
    maxLength: 20,
  });
  const pairs = ['boat', 'house', 'fish', 'flower', 'mushroom'].flatMap((thing) =>
    ['red', 'yellow', 'green', 'blue', 'purple'].map((colour) => `a ${colour} ${thing}`),
  );
  expect(length).toBe(24);
  expect([...captions].sort()).toEqual(pairs.filter((pair) => pair !== 'a purple fish').sort());
  expect(report.sizes).toEqual({ smallest: [64, 64], largest: [64, 64] });
  expect(report.tokens!.over).toBe(0);
  const bytes = readdirSync(folder).reduce(
    (sum, name) => sum + statSync(path.join(folder, name)).size,
    0,
  );
  expect(bytes).toBeLessThan(40_000);
});

it('have the colour of their caption, on white', async () => {
  const { images, captions, captionIds } = await loadImageFolder(folder, { size: 64 });
  const strongest: Record<string, number[]> = {
    red: [0],
    yellow: [0, 1],
    green: [1],
    blue: [2],
    purple: [2, 0],
  };
  captionIds.forEach((id, i) => {
    expect([0, 1, 2].map((c) => images.get(i, 0, 0, c))).toEqual([255, 255, 255]);
    const sums = [0, 1, 2].map((c) => {
      let sum = 0;
      for (let y = 0; y < 64; y++) for (let x = 0; x < 64; x++) sum += images.get(i, y, x, c);
      return sum;
    });
    const colour = captions[id]!.split(' ')[1]!;
    const most = strongest[colour]!;
    const weakest = Math.min(...most.map((c) => sums[c]!));
    const others = sums.filter((_, c) => !most.includes(c));
    expect(weakest, captions[id]).toBeGreaterThan(Math.max(...others));
  });
});
