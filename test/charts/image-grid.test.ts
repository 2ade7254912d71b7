import ndarray from 'ndarray';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { imageGrid } from '../../lib/charts/image-grid';
import { rasterizeSvg } from '../../lib/figure/render';

/** `count` noisy grey images of 6×6 pixels in [0, 1]. */
function batch(count: number, channels = 1) {
  const length = count * 36 * channels;
  const data = Float32Array.from({ length }, (_, i) => ((i * 7919) % 256) / 255);
  return { data, shape: [count, 6, 6, channels] };
}

interface Placed {
  readonly source: string;
  readonly x: number;
  readonly y: number;
  readonly sizex: number;
}
const placed = (figure: { layout: Record<string, unknown> }) => figure.layout.images as Placed[];
const texts = (figure: { layout: Record<string, unknown> }) =>
  (figure.layout.annotations as { text: string }[]).map(({ text }) => text);

describe('imageGrid', () => {
  it('draws a plain grid pixel for pixel, with plotly and without', async () => {
    for (const channels of [1, 3]) {
      const figure = imageGrid(batch(5, channels), { columns: 3, scale: 3 });
      const exact = PNG.sync.read(await figure.toPng());
      const drawn = PNG.sync.read(await rasterizeSvg(await figure.toSvg()));
      expect([drawn.width, drawn.height]).toEqual([exact.width, exact.height]);
      expect(Buffer.compare(drawn.data, exact.data)).toBe(0);
      // 3 columns of 18 pixels with padding 2, and 16 pixels of paper around.
      expect([exact.width, exact.height]).toEqual([3 * 20 + 2 + 32, 2 * 20 + 2 + 32]);
    }
  });

  it('puts the first pixel where it belongs', async () => {
    const { data, width } = PNG.sync.read(await imageGrid(batch(2), { scale: 2 }).toPng());
    const at = (x: number, y: number) => data[4 * (y * width + x)];
    expect([at(17, 18), at(18, 18), at(19, 19), at(20, 18)]).toEqual([255, 0, 0, 7919 % 256]);
  });

  it('has one titled subplot for each image of a batch', async () => {
    const figure = imageGrid(batch(6), {
      titles: ['0', '5', '10', '20', '50', '100'],
      columns: 3,
      title: 'Guidance <scale>',
      scale: 8,
    });
    expect(placed(figure)).toHaveLength(6);
    expect(texts(figure)).toEqual(['0', '5', '10', '20', '50', '100', 'Guidance &lt;scale&gt;']);
    const [first, second, , fourth] = placed(figure);
    expect(second?.y).toBe(first?.y);
    expect(fourth?.x).toBe(first?.x);
    expect(fourth?.y).toBeLessThan(first?.y ?? 0);
    const svg = await figure.toSvg();
    expect(svg.match(/<image /g)).toHaveLength(6);
    expect(svg).toContain('>Guidance &#60;scale&#62;</text>');
    expect(figure.alt).toBe('Guidance <scale> (6): 0 | 5 | 10 | 20 | 50 | 100');
  });

  it('has one row for each batch of an array', () => {
    const figure = imageGrid([batch(4), batch(4)], { titles: ['a', 'b'] });
    expect(placed(figure).map(({ x }) => x * figure.width)).toEqual([16, 16]);
    expect(placed(figure)[0]?.sizex).toBeCloseTo((4 * 26 + 2) / figure.width, 10);
  });

  it('breaks long titles, so that they do not touch', () => {
    const titles = ['A handwritten digit 1', 'A handwritten digit 2'];
    const [first] = texts(imageGrid(batch(2), { titles, scale: 12 }));
    expect(first).toBe('A handwritten<br>digit 1');
  });

  it('takes an ndarray and the range of training data', async () => {
    const image = ndarray(Float32Array.of(-1, 0, 1, 3), [1, 2, 2, 1]);
    const figure = imageGrid(image, { valueRange: [-1, 1], scale: 1 });
    const { data, width } = PNG.sync.read(await figure.toPng());
    const at = (x: number, y: number) => data[4 * (y * width + x)];
    expect([at(18, 18), at(19, 18), at(18, 19), at(19, 19)]).toEqual([0, 128, 255, 255]);
  });

  it('stays small', async () => {
    const pixels = Float32Array.from({ length: 100 * 784 }, (_, i) => ((i * 7919) % 256) / 255);
    const bundle = await imageGrid({ data: pixels, shape: [100, 28, 28, 1] }).mimeBundle();
    expect(JSON.stringify(bundle).length).toBeLessThan(400_000);
  });

  it('refuses titles that do not fit, and no images', () => {
    expect(() => imageGrid(batch(2), { titles: ['a'] })).toThrow('each of 2 images, got 1');
    expect(() => imageGrid([batch(2)], { titles: [] })).toThrow('each of 1 batches, got 0');
    expect(() => imageGrid([])).toThrow('at least one batch');
  });
});
