import ndarray from 'ndarray';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { encodePng, imagesToGrid } from '../../lib/figure/png';

describe('encodePng', () => {
  it.each([
    [1, 0],
    [3, 2],
    [4, 6],
  ])('keeps every byte of %i channels', (channels, colorType) => {
    const [width, height] = [5, 3];
    const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 37) % 256);
    const file = encodePng(pixels, width, height, channels);
    expect([...file.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    expect(file[25]).toBe(colorType); // of the IHDR chunk
    const decoded = PNG.sync.read(file);
    expect([decoded.width, decoded.height]).toEqual([width, height]);
    for (let i = 0; i < width * height; i++) {
      const [r, g, b, a] = decoded.data.subarray(4 * i, 4 * i + 4);
      const source = [...pixels.subarray(i * channels, (i + 1) * channels)];
      if (channels === 1) expect([r, g, b, a]).toEqual([source[0], source[0], source[0], 255]);
      if (channels === 3) expect([r, g, b, a]).toEqual([...source, 255]);
      if (channels === 4) expect([r, g, b, a]).toEqual(source);
    }
  });

  it('takes a view into a larger buffer', () => {
    const pixels = Uint8Array.of(9, 9, 1, 2, 9).subarray(2, 4);
    const { data } = PNG.sync.read(encodePng(pixels, 2, 1, 1));
    expect([data[0], data[4]]).toEqual([1, 2]);
  });

  it('refuses sizes that do not fit', () => {
    expect(() => encodePng(new Uint8Array(5), 2, 3, 1)).toThrow('Expected 6 bytes for 2×3 pixels');
    expect(() => encodePng(new Uint8Array(6), 2, 3, 2)).toThrow('channels, got 2');
    expect(() => encodePng(new Uint8Array(0), 0, 3, 1)).toThrow('width to be a whole number');
    expect(() => encodePng(new Uint8Array(3), 1, 1.5, 1)).toThrow('height to be a whole number');
  });
});

describe('imagesToGrid', () => {
  const images = { data: Float32Array.of(0, 0.2, 0.4, 1, 0.6, 0.8), shape: [3, 1, 2] };

  it('lays images out in rows, enlarged without blur', () => {
    const grid = imagesToGrid(images, { columns: 2, scale: 2, padding: 1, padValue: 7 });
    expect([grid.width, grid.height, grid.channels]).toEqual([11, 7, 1]);
    const rows = Array.from({ length: 7 }, (_, y) => [
      ...grid.pixels.subarray(11 * y, 11 * y + 11),
    ]);
    const border = Array<number>(11).fill(7);
    const first = [7, 0, 0, 51, 51, 7, 102, 102, 255, 255, 7];
    const second = [7, 153, 153, 204, 204, 7, 7, 7, 7, 7, 7];
    expect(rows).toEqual([border, first, first, border, second, second, border]);
  });

  it('reads [-1, 1] where told so, and clamps there', () => {
    const { pixels } = imagesToGrid(
      { data: Float32Array.of(-1, 0, 1, 1.5, -2), shape: [1, 1, 5, 1] },
      { valueRange: [-1, 1], padding: 0 },
    );
    expect([...pixels]).toEqual([0, 128, 255, 255, 0]);
  });

  it('reads bytes as they are', () => {
    const { pixels } = imagesToGrid(
      { data: Uint8Array.of(0, 1, 254, 255), shape: [2, 1, 2] },
      { padding: 0 },
    );
    expect([...pixels]).toEqual([0, 1, 254, 255]);
  });

  it('keeps colours together', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const grid = imagesToGrid({ data, shape: [1, 2, 1, 3] }, { padding: 0 });
    expect([grid.width, grid.height, grid.channels]).toEqual([1, 2, 3]);
    expect([...grid.pixels]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('follows the strides of an ndarray', () => {
    const whole = ndarray(
      Uint8Array.from({ length: 24 }, (_, i) => i),
      [2, 3, 4],
    );
    const view = whole.lo(1, 1, 0).hi(1, 2, 3).transpose(0, 2, 1); // [1, 3, 2]
    const { pixels } = imagesToGrid(view, { padding: 0 });
    expect([...pixels]).toEqual([16, 20, 17, 21, 18, 22]);
  });

  it('makes padding opaque', () => {
    const grid = imagesToGrid(
      { data: Uint8Array.of(1, 2, 3, 0), shape: [1, 1, 1, 4] },
      { padding: 1, padValue: 9 },
    );
    expect([...grid.pixels.subarray(0, 4)]).toEqual([9, 9, 9, 255]);
    expect([...grid.pixels.subarray(16, 20)]).toEqual([1, 2, 3, 0]);
  });

  it.each([
    [{ data: Float32Array.of(-1, 1), shape: [1, 1, 2] }, {}, 'got -1 at index 0'],
    [{ data: Float32Array.of(0, NaN), shape: [1, 1, 2] }, {}, 'got NaN at index 1'],
    [
      { data: Float32Array.of(0, 1), shape: [1, 1, 3] },
      {},
      'Expected 3 values for shape [1, 1, 3], got 2',
    ],
    [{ data: Float32Array.of(0, 1), shape: [1, 2] }, {}, 'got [1, 2]'],
    [{ data: new Float32Array(0), shape: [0, 2, 2] }, {}, 'got [0, 2, 2]'],
    [{ data: Float32Array.of(0, 1), shape: [1, 1, 1, 2] }, {}, 'got 2 in [1, 1, 1, 2]'],
    [
      { data: Uint8Array.of(0), shape: [1, 1, 1] },
      { valueRange: [0, 1] as const },
      'no valueRange with byte',
    ],
    [{ data: Float32Array.of(0), shape: [1, 1, 1] }, { valueRange: [1, 1] as const }, 'low < high'],
    [{ data: Float32Array.of(0), shape: [1, 1, 1] }, { scale: 1.5 }, 'scale to be a whole number'],
    [
      { data: Float32Array.of(0), shape: [1, 1, 1] },
      { columns: 0 },
      'columns to be a whole number',
    ],
    [
      { data: Float32Array.of(0), shape: [1, 1, 1] },
      { padding: -1 },
      'padding to be a whole number',
    ],
    [
      { data: Float32Array.of(0), shape: [1, 1, 1] },
      { padValue: 256 },
      'padValue to be a whole number from 0 to 255',
    ],
  ])('refuses bad images and options', (batch, options, message) => {
    expect(() => imagesToGrid(batch, options)).toThrow(message);
  });

  it('names a type of data that it cannot read', () => {
    const ints = { data: new Int32Array(1) as unknown as Uint8Array, shape: [1, 1, 1] };
    expect(() => imagesToGrid(ints)).toThrow('got Int32Array');
  });
});
