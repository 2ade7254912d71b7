/** Batches and evaluations at the end of a cell. */
import { describe, expect, it } from 'vitest';
import * as sd from '../../lib/notebook';
import { promptedAccuracy } from '../../lib/mnist/evaluation/prompted-accuracy';
import { quickMnist } from '../support/tiny-model';

type Bundle = Record<string, string>;
const display = async (value: unknown): Promise<Bundle> => {
  const view = (globalThis as Record<symbol, unknown>)[Symbol.for('kernel.view')];
  return (await (view as (value: unknown) => unknown)(value)) as Bundle;
};

describe('a batch of a loader', () => {
  const loader = (batchSize: number) =>
    new sd.DataLoader(quickMnist(), { batchSize, seed: 1, shuffle: true });
  const batchOf = (size: number) => [...loader(size)][0]!;

  it('is pictures with their captions', async () => {
    const batch = batchOf(3);
    const { 'text/html': html, 'text/plain': text } = await display(batch);
    expect(html).toMatch(/<strong>Batch<\/strong>/);
    const [, alt] = /<img alt="([^"]+)" src="data:image\/png;base64,/.exec(html!)!;
    for (const caption of batch.captions) expect(alt).toContain(caption);
    expect(text).toMatch(/^Batch\n/);
    expect(text).toMatch(/\nshape +\[3, 28, 28, 1\]\n/);
    batch.captions.forEach((caption, i) =>
      expect(text).toMatch(
        new RegExp(`\\n *${batch.indices[i]!.toLocaleString('en-US')}  ${caption}`),
      ),
    );
  });

  it('of many shows the first sixteen', async () => {
    const { 'text/plain': text } = await display(batchOf(100));
    expect(text).toMatch(/^Batch, the first 16\n/);
    expect(text!.match(/A handwritten digit/g)).toHaveLength(16);
  });
});

describe('an evaluation', () => {
  const asked = Uint8Array.from({ length: 200 }, (_, i) => i % 10);
  const seen = asked.map((digit, i) => (i === 7 || i === 17 || i === 33 ? 1 : digit));
  const found = {
    ...{ numImages: 200, ...promptedAccuracy(asked, seen), frechet: 12.34 },
    ...{
      frechetStandardError: 0.5,
      frechetRatio: 1.5,
      kid: 0.123,
      diversity: 9,
      diversityRatio: 0.9,
    },
    ...{ precision: 0.9, recall: 0.8, density: 1.01, coverage: 0.95 },
  };
  const real = { sets: 5, frechet: 8.23, kid: -0.01, kidStd: 0.12, diversity: 10 };

  it('is a table with intervals, the worst digit and the real images beside', async () => {
    const { 'text/plain': text, 'text/html': html } = await display({ ...found, real });
    const lines = text!.split('\n').map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual(['Evaluation of 200 images']);
    expect(lines).toContainEqual(['measure', 'images', '95 % interval', 'real images']);
    // Wilson's interval of 197 of 200 and of 18 of 20, as statsmodels' proportion_confint has them
    expect(lines).toContainEqual(['accuracy', '98.5 %', '95.7 % – 99.5 %']);
    expect(lines).toContainEqual(['accuracy, digit 7 (worst)', '90.0 %', '69.9 % – 97.2 %']);
    expect(lines).toContainEqual(['Fréchet distance', '12.34', '11.36 – 13.32', '8.23']);
    expect(lines).toContainEqual(['kernel distance (KID)', '0.1', '0.0 ± 0.1']);
    expect(lines).toContainEqual(['diversity over real', '90.0 %', '100.0 %']);
    expect(html!.match(/<tr>/g)!.length).toBe(12 + 11 + 11);
    expect(html).toContain('<summary>each digit</summary>');
  });

  it('without real ones has no column of them, and no interval that is not known', async () => {
    const few = { ...found, frechetStandardError: NaN };
    const { 'text/plain': text } = await display(few);
    expect(text).not.toContain('real images');
    expect(text).toMatch(/\nFréchet distance +12\.34\n/);
  });
});
