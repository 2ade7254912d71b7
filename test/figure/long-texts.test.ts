/** Texts of a megabyte: shown by their beginning, in little space. */
import { expect, it } from 'vitest';
import { LONGEST_TEXT, shortened } from '../../lib/figure/escape';
import { type Figure } from '../../lib/figure/figure';
import { form } from '../../lib/notebook/form';
import { table } from '../../lib/notebook/html-table';
import { imageGrid } from '../../lib/charts/image-grid';
import { linePlot } from '../../lib/charts/line-plot';
import { embeddingPlot } from '../../lib/charts/model-plots';
import { lossCurve, noiseSchedule } from '../../lib/charts/plots';
import { progressHtml, progressText } from '../../lib/notebook/progress-format';

const LONG = '<x>'.repeat(350_000);

it('a text is cut at its length, and no character in half', () => {
  expect(shortened('a'.repeat(LONGEST_TEXT))).toHaveLength(LONGEST_TEXT);
  expect(shortened('a'.repeat(LONGEST_TEXT + 1))).toBe(`${'a'.repeat(LONGEST_TEXT - 1)}…`);
  expect(shortened('ab😀cd', 4)).toBe('ab…');
  expect(shortened('ab😀cd', 5)).toBe('ab😀…');
});

it('tables', () => {
  const long = table([{ [LONG]: LONG, list: [LONG], object: { [LONG]: LONG } }], {
    caption: LONG,
  });
  const { length } = [...long.toHtml().matchAll(/…<\/(caption|th|td)>/g)];
  expect(length).toBe(5);
  expect(long.toHtml().length).toBeLessThan(5 * LONGEST_TEXT * '&lt;'.length);
  expect(long.toString().length).toBeLessThan(20 * LONGEST_TEXT);
  const wrong = () => table([{ [LONG]: 1 }], { columns: [`${LONG}!`] });
  expect(wrong).toThrow(/^Expected columns among <x>.{2000,2100}\.$/);
});

it('bars', () => {
  const counts = { n: 1, total: 2, elapsed: 1, rate: 1, remaining: 1, state: 'running' } as const;
  const snapshot = { ...counts, description: LONG, unit: LONG, postfix: { [LONG]: LONG } };
  expect(progressText(snapshot)).toMatch(/^<x>.{1000,1600}\]$/u);
  expect(progressHtml(snapshot).length).toBeLessThan(5 * LONGEST_TEXT + 1000);
});

it('forms say which text is too long, since they would give it back cut', () => {
  const expected = /^Form: .*: expected texts of at most 1000 characters, got 1050000.$/;
  expect(() => form({ prompt: LONG })).toThrow(expected);
  expect(() => form({ [LONG]: 1 })).toThrow(expected);
  expect(() => form({ prompt: 'a' }, { prompt: ['a', LONG] })).toThrow(expected);
  const settings = form({ prompt: 'a'.repeat(LONGEST_TEXT) }, {});
  expect(settings.toHtml()).toContain(`value="${'a'.repeat(LONGEST_TEXT)}"`);
});

const image = { data: new Float32Array(64), shape: [1, 8, 8, 1] };
const line = { x: [1, 2], y: [1, 2] };
const figures: Record<string, () => Figure> = {
  'a grid': () => imageGrid(image, { title: LONG, titles: [LONG] }),
  losses: () => lossCurve([{ step: 1, loss: 1 }], { title: LONG }),
  schedules: () => noiseSchedule({ [LONG]: [1, 0.5], other: [1, 0] }, { title: LONG }),
  lines: () => linePlot({ [LONG]: line }, { title: LONG, xTitle: LONG, yTitle: LONG }),
  embeddings: () =>
    embeddingPlot({ data: [0, 1, 1, 0], shape: [2, 2] }, [LONG, 'b'], { title: LONG }),
};

it.each(Object.entries(figures))('figures: %s', async (_, make) => {
  const figure = make();
  expect(figure.alt.length).toBeLessThanOrEqual(10_000);
  expect(figure.height).toBeLessThan(3000);
  expect(JSON.stringify(figure)).toContain('…');
  const { length } = JSON.stringify(await figure.mimeBundle());
  expect(length).toBeLessThan(400_000); // most of it the picture
});
