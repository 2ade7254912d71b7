import ndarray from 'ndarray';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import * as sd from '../../lib/notebook';

const DISPLAY = Symbol.for('Jupyter.display');
const METADATA = Symbol.for('kernel.metadata');
type Shown = Record<symbol, unknown>;
const view = (value: unknown) => ((value as Shown)[DISPLAY] as () => Record<string, string>)();

const ramp = (shape: number[], scale = 1 / 63) =>
  ndarray(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 64) * scale),
    shape,
  );
const decode = (base64: string) => PNG.sync.read(Buffer.from(base64, 'base64'));

describe('at the end of a cell', () => {
  it('a picture is a PNG, enlarged without blur, with words', () => {
    const image = new sd.Images(ramp([2, 8, 8, 1]))[1]!;
    const shown = view(image);
    const { width, height, data } = decode(shown['image/png']!);
    expect([width, height]).toEqual([112, 112]);
    expect([data[0], data[4 * 14], data.at(-4)]).toEqual([0, Math.round(255 / 63), 255]);
    expect(shown['text/plain']).toBe('Image [8, 8, 1] float32');
    expect((image as unknown as Shown)[METADATA]).toEqual({
      'image/png': { alt: 'A picture of 8 × 8 pixels' },
    });
  });

  it('one of a data set too', () => {
    const { images } = sd.loadMnist({ split: 'train', source: 'quick' });
    const { width, data } = decode(view(images[3])['image/png']!);
    expect(width).toBe(112);
    expect(data[4 * (4 * 14 * width + 4 * 14)]).toBe(images.get(3, 14, 14));
  });

  it('several are a card with shape and a picture of all', () => {
    const html = view(new sd.Images(ramp([5, 28, 28, 1])))['text/html']!;
    expect(html).toMatch(/Images.*5.*28.*28.*1.*float32.*<img alt="The first 5 images" src="data/s);
  });

  it.each<[string, sd.Image | sd.Images]>([
    ['NaN', new sd.Image(ramp([8, 8, 1], NaN))],
    ['none', new sd.Images(ramp([1, 8, 8, 1])).slice(1)],
    ['numbers beyond [0, 1]', new sd.Image(ramp([8, 8, 1], 3))],
    ['numbers below 0', new sd.Images(ramp([2, 8, 8, 1], -1))],
    ['one pixel', new sd.Image(ramp([1, 1, 1]))],
    ['colour', new sd.Images(ramp([3, 8, 8, 3]))],
    ['large', new sd.Image(ramp([300, 400, 1]))],
    ['a strided part', new sd.Images(ramp([3, 8, 8, 1]).step(2))],
    ['a plain ndarray [28, 28, 1], as one picture', ramp([28, 28, 1]) as unknown as sd.Image],
  ])('%s is shown without an error', async (_, value) => {
    const plain = (globalThis as Shown)[Symbol.for('kernel.view')] as (value: unknown) => unknown;
    const shown = (DISPLAY in value ? view(value) : await plain(value)) as Record<string, string>;
    expect(shown['text/plain']).toMatch(/Image/);
  });
});
