/** Figures are drawn whatever their texts are; in the browser, test/browser shows that nothing of them runs. */
import { JSDOM } from 'jsdom';
import { expect, it } from 'vitest';
import { imageGrid } from '../../lib/charts/image-grid';
import { embeddingPlot } from '../../lib/charts/model-plots';
import { lossCurve } from '../../lib/charts/plots';
import { HOSTILE_TEXTS } from '../browser/hostile-texts';

const texts = [...HOSTILE_TEXTS.map((text) => text.slice(0, 200)), '\ud800 half a pair'];
const svgOf = {
  'an image grid': () =>
    imageGrid(
      { data: new Float32Array(texts.length * 64), shape: [texts.length, 8, 8, 1] },
      { title: texts.join(' '), titles: texts, columns: 5 },
    ),
  'a loss curve': () =>
    lossCurve(
      [
        { step: 1, loss: 1 },
        { step: 2, loss: 2 },
      ],
      { title: texts.join(' ') },
    ),
  embeddings: () =>
    embeddingPlot({ data: texts.flatMap((_, i) => [i, i * i]), shape: [texts.length, 2] }, texts, {
      title: texts.join(' '),
    }),
};

it.each(Object.entries(svgOf))('%s', async (_, make) => {
  const figure = make();
  const dom = new JSDOM(await figure.toSvg(), { contentType: 'image/svg+xml' }); // refuses what is no XML
  const bad = [...dom.window.document.querySelectorAll('*')].filter(
    ({ localName, attributes }) =>
      /^(a|script|iframe|object|embed|foreignObject)$/i.test(localName) ||
      [...attributes].some(({ name }) => /^on/i.test(name)),
  );
  expect(bad.map(({ outerHTML }) => outerHTML)).toEqual([]);
  expect((await figure.toPng()).subarray(1, 4).toString()).toBe('PNG');
});
