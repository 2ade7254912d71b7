import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, it } from 'vitest';
import { Figure } from '../../lib/figure/figure';
import { fakeNotebook } from '../support/notebook';

const PLOTLY = 'application/vnd.plotly.v1+json';
const line = { type: 'scatter', mode: 'lines', x: [0, 1, 2], y: [1, 3, 2] };
const size = { width: 200, height: 120, margin: { l: 30, r: 10, t: 30, b: 30 } };
const figure = () =>
  new Figure([line], { ...size, title: { text: 'Three' } }, { alt: 'Three points' });

const folder = mkdtempSync(join(tmpdir(), 'figure-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** How many pixels of a picture's part are darker than half. */
function darkPixels(png: Buffer, top: number, bottom: number): number {
  const { data, width } = PNG.sync.read(png);
  let count = 0;
  for (let i = top * width; i < bottom * width; i++) if ((data[4 * i] ?? 255) < 128) count++;
  return count;
}

describe('Figure', () => {
  it('draws SVG with its marks, ticks and title', async () => {
    const svg = await figure().toSvg();
    expect(svg).toMatch(/^<svg .*width="200" height="120"/);
    expect(svg.match(/class="js-line"/g)).toHaveLength(1);
    expect(svg).toContain('>Three</text>');
    expect(svg.match(/class="xtick"><text/g)?.length).toBeGreaterThanOrEqual(2);
    // The plot is 160 pixels wide, x from 0 to 2; y goes 1, 3, 2.
    const [, path = ''] = /class="js-line" style="[^"]*" d="([^"]*)"/.exec(svg) ?? [];
    const points = path
      .slice(1)
      .split('L')
      .map((point) => point.split(',').map(Number));
    expect(points.map(([x]) => x)).toEqual([0, 80, 160]);
    const [first = 0, second = 0, third = 0] = points.map(([, y]) => y ?? NaN);
    expect(first - third).toBeCloseTo((first - second) / 2, 1);
  });

  it('draws readable text without the fonts of the machine', async () => {
    const png = await figure().toPng();
    const empty = await new Figure([line], size, { alt: '' }).toPng();
    expect(darkPixels(empty, 0, 28)).toBe(0);
    expect(darkPixels(png, 0, 28)).toBeGreaterThan(40);
  });

  it('enlarges', async () => {
    const { width, height } = PNG.sync.read(await figure().toPng({ scale: 2 }));
    expect([width, height]).toEqual([400, 240]);
    await expect(figure().toPng({ scale: 0 })).rejects.toThrow('scale above 0');
  });

  it('holds JSON only', () => {
    const typed = new Figure(
      [{ y: Float32Array.of(1, NaN, 2), x: [Infinity, undefined] }],
      {},
      { alt: '' },
    );
    expect(typed.data).toEqual([{ y: [1, null, 2], x: [null, undefined] }]);
    expect(JSON.parse(JSON.stringify(typed))).toMatchObject({
      data: [{ y: [1, null, 2] }],
      layout: { width: 700, height: 380 },
    });
    expect(() => new Figure([{ y: () => 1 }], {}, { alt: '' })).toThrow('got a function');
  });

  it('refuses sizes that are none', () => {
    expect(() => new Figure([], { width: 0 }, { alt: '' })).toThrow('layout.width above 0');
    expect(() => new Figure([], { height: '9' }, { alt: '' })).toThrow('layout.height above 0');
  });

  it('is refused without harm to the next', async () => {
    const bad = new Figure([line], { ...size, width: 200 }, { alt: '' });
    const broken = Object.assign(Object.create(bad) as Figure, { data: [null] });
    await expect(broken.toSvg()).rejects.toThrow();
    expect(await figure().toSvg()).toContain('>Three</text>');
  });

  it('is not changed by drawing', async () => {
    const drawn = figure();
    const before = JSON.stringify(drawn);
    await drawn.toSvg();
    expect(JSON.stringify(drawn)).toBe(before);
  });

  it('is the same bytes each time, also when drawn at once with others', async () => {
    const other = new Figure([{ ...line, y: [3, 1, 1] }], size, { alt: '' });
    const [first, , again] = await Promise.all([figure().toSvg(), other.toSvg(), figure().toSvg()]);
    expect(again).toBe(first);
  });

  it('gives the notebook plot, picture and words', async () => {
    const display = Symbol.for('Jupyter.display') as unknown as 'mimeBundle';
    const bundle = await figure()[display]();
    expect(Object.keys(bundle)).toEqual([PLOTLY, 'image/png', 'text/plain']);
    expect(bundle[PLOTLY]).toMatchObject({
      layout: { width: 200 },
      config: { displaylogo: false },
    });
    const png = PNG.sync.read(Buffer.from(bundle['image/png'] as string, 'base64'));
    expect([png.width, png.height]).toEqual([200, 120]);
    expect(bundle['text/plain']).toBe('Figure (200×120): Three points');
    expect(inspect(figure())).toBe('Figure (200×120): Three points');
  });

  it('shows in the cell that ran when it was asked to', async () => {
    const notebook = fakeNotebook();
    const shown = figure().show();
    notebook.cell = 2;
    await shown;
    expect(notebook.sent).toHaveLength(1);
    const [message] = notebook.sent;
    expect(message).toMatchObject({ cell: 1, update: false });
    expect(message?.metadata).toEqual({
      'image/png': { alt: 'Three points', width: 200, height: 120 },
      display_id: message?.displayId,
    });
  });

  it('says what it shows where there is no notebook', async () => {
    const written: string[] = [];
    await figure().show({ output: { write: (text) => written.push(text) } });
    await figure().show();
    expect(written).toEqual(['Figure (200×120): Three points\n']);
  });

  it('keeps an exact picture', async () => {
    const png = Uint8Array.of(1, 2, 3);
    expect([...(await new Figure([], {}, { alt: '', png }).toPng())]).toEqual([1, 2, 3]);
  });

  it('saves by the ending of the path', async () => {
    const path = (name: string) => join(folder, name);
    await figure().save(path('a.png'));
    await figure().save(path('a.svg'));
    await figure().save(path('a.json'));
    expect(PNG.sync.read(readFileSync(path('a.png'))).width).toBe(200);
    expect(readFileSync(path('a.svg'), 'utf8')).toMatch(/^<svg/);
    expect(JSON.parse(readFileSync(path('a.json'), 'utf8'))).toEqual(figure().toJSON());
    await expect(figure().save(path('a.gif'))).rejects.toThrow('.png, .svg or .json');
  });
});
