import { PNG } from 'pngjs';
import { afterEach, describe, expect, it } from 'vitest';
import { findChromium } from '../../lib/figure/chromium';
import { drawSvg } from '../../lib/figure/drawing';
import { Figure } from '../../lib/figure/figure';
import { TRACE_TYPES, WEBGL_TYPES, TILE_TYPES } from '../../lib/figure/trace-types';
import { JSDOM, VirtualConsole } from 'jsdom';
import { readFileSync } from 'node:fs';
import { plotlyFile } from '../../lib/figure/page';
import { MAP_FIGURES, SVG_FIGURES, WEBGL_FIGURES } from './all-traces';

const layout = { width: 320, height: 240, showlegend: false };
const bundleOf = (data: readonly object[], more = {}) =>
  new Figure(data as never, { ...layout, ...more }).mimeBundle();
const picture = (bundle: Record<string, unknown>) =>
  PNG.sync.read(Buffer.from(bundle['image/png'] as string, 'base64'));

/** Pixels that are coloured: neither grey, nor the blueish white and ink of plotly's own template. */
function coloured({ data }: PNG): number {
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [r = 0, g = 0, b = 0] = data.subarray(i, i + 3);
    if (Math.max(r, g, b) - Math.min(r, g, b) > 60) count++;
  }
  return count;
}

it('knows all trace types of plotly, and which need WebGL or tiles', () => {
  // plotly's own tables, which it has before it draws
  const { window } = new JSDOM('<body></body>', {
    runScripts: 'outside-only',
    virtualConsole: new VirtualConsole(),
  });
  const shims = 'URL.createObjectURL = () => ""; matchMedia = () => ({ matches: false });';
  Object.assign(window, { TextDecoder, TextEncoder });
  Object.assign(window.HTMLCanvasElement.prototype, { getContext: () => null });
  window.eval(shims + readFileSync(plotlyFile(), 'utf8'));
  const { traces } = (window as unknown as { Plotly: { PlotSchema: { get(): { traces: Record<string, { categories: string[] }> } } } }).Plotly.PlotSchema.get(); // prettier-ignore
  const having = (...names: string[]) =>
    Object.keys(traces)
      .filter((type) => names.some((name) => traces[type]?.categories.includes(name)))
      .sort();
  expect([...TRACE_TYPES].sort()).toEqual(Object.keys(traces).sort());
  expect(having('map')).toEqual([...TILE_TYPES].sort());
  expect(having('gl', 'gl3d', 'regl')).toEqual([...WEBGL_TYPES, ...TILE_TYPES].sort());
  const shown = [...SVG_FIGURES, ...WEBGL_FIGURES, ...MAP_FIGURES].map(([type]) => type);
  expect([...shown].sort()).toEqual(Object.keys(traces).sort());
});

describe('drawn without a browser', () => {
  it.each(SVG_FIGURES)('%s', async (type, data) => {
    const bundle = await bundleOf(data);
    expect(bundle['text/plain']).not.toContain('No picture');
    const png = picture(bundle);
    expect([png.width, png.height]).toEqual([320, 240]);
    if (type !== 'table') expect(coloured(png)).toBeGreaterThan(20);
  });

  it('a heatmap has the colours of its scale at its cells', async () => {
    const z = [[0, 1]];
    const scale = [[0, 'rgb(255,0,0)'], [1, 'rgb(0,0,255)']]; // prettier-ignore
    const data = [{ type: 'heatmap', z, colorscale: scale, showscale: false }];
    const png = picture(await bundleOf(data, { margin: { l: 0, r: 0, t: 0, b: 0 } }));
    const pixel = (x: number) => [
      ...png.data.subarray(4 * (120 * 320 + x), 4 * (120 * 320 + x) + 3),
    ];
    expect(pixel(80)).toEqual([255, 0, 0]);
    expect(pixel(240)).toEqual([0, 0, 255]);
  });

  it('an image has its pixels, from the top', async () => {
    const z = [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]]; // prettier-ignore
    const margin = { l: 0, r: 0, t: 0, b: 0 };
    const png = picture(await bundleOf([{ type: 'image', z }], { margin, height: 320 }));
    const pixel = (x: number, y: number) => [...png.data.subarray(4 * (y * 320 + x), 4 * (y * 320 + x) + 3)]; // prettier-ignore
    expect([pixel(80, 80), pixel(240, 80), pixel(80, 240), pixel(240, 240)]).toEqual(z.flat());
  });
});

describe.skipIf(findChromium() === undefined)('drawn by a browser', () => {
  it.each(WEBGL_FIGURES)('%s', async (_, data) => {
    const bundle = await bundleOf(data);
    expect(bundle['text/plain']).not.toContain('No picture');
    const png = picture(bundle);
    expect([png.width, png.height]).toEqual([320, 240]);
    expect(coloured(png)).toBeGreaterThan(20);
  });

  it('as SVG and enlarged, too', async () => {
    const figure = new Figure([...WEBGL_FIGURES[7][1]], layout);
    expect(await figure.toSvg()).toMatch(/^<svg [^]*data:image\/png/);
    expect(PNG.sync.read(await figure.toPng({ scale: 2 })).width).toBe(640);
  });
});

describe('without a picture', () => {
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  it.each(WEBGL_FIGURES)('%s where there is no browser', async (type, data) => {
    process.env.PATH = '';
    const bundle = await bundleOf(data);
    expect(Object.keys(bundle)).toEqual(['application/vnd.plotly.v1+json', 'text/plain']);
    expect(bundle['text/plain']).toContain(`\nNo picture: ${type} is drawn by WebGL`);
    await expect(new Figure(data as never).toPng()).rejects.toThrow('install Chromium');
    await expect(new Figure(data as never).toSvg()).rejects.toThrow('install Chromium');
  });

  it.each(MAP_FIGURES)('%s, which needs the network', async (_, data) => {
    const bundle = await bundleOf(data);
    expect(Object.keys(bundle)).toEqual(['application/vnd.plotly.v1+json', 'text/plain']);
    expect(bundle['text/plain']).toMatch(/\nNo picture: [^\n]*(fetch|server)[^\n]*\.$/);
  });

  it('a figure that plotly refuses, and the next is drawn', async () => {
    const data = [{ type: 'sankey', node: { label: ['a'] }, link: { source: [7], target: [9], value: [1] } }]; // prettier-ignore
    expect(Object.keys(await bundleOf(data))).toContain('text/plain');
    expect(Object.keys(await bundleOf([{ y: [1, 2] }]))).toContain('image/png');
  });
});

describe('a drawing without an end', () => {
  // many points, each with a text: minutes
  const endless = {
    spec: {
      data: [{ type: 'scatter', mode: 'text', y: Array.from({ length: 200_000 }, (_, i) => i), text: 'x' }], // prettier-ignore
      layout: {},
    },
    width: 300,
    height: 200,
  };
  const kernelStop = Symbol.for('kernel.stop');
  afterEach(() => Reflect.deleteProperty(globalThis, kernelStop));

  it('is ended by its limit, while other work goes on; the next is drawn', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 20);
    await expect(drawSvg(endless, 1500)).rejects.toThrow('not drawn within 1.5 s');
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
    expect(await new Figure([{ y: [1, 2] }]).toSvg()).toContain('<svg');
  });

  it('is ended by Stop', async () => {
    const loops = new Set<AbortController>();
    Object.assign(globalThis, { [kernelStop]: loops });
    const drawing = drawSvg(endless);
    const stopped = expect(drawing).rejects.toMatchObject({ name: 'Interrupted' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(loops.size).toBe(1);
    for (const loop of loops) loop.abort();
    await stopped;
    expect(loops.size).toBe(0);
  });

  it('Stop ends who waits for a drawing, whose picture a cell keeps all the same', async () => {
    const loops = new Set<AbortController>();
    Object.assign(globalThis, { [kernelStop]: loops });
    const figure = new Figure([{ y: [1, 2] }], layout);
    await figure.toSvg();
    const stopSoon = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      for (const loop of loops) loop.abort();
    };
    const [svg] = await Promise.allSettled([figure.toSvg(), stopSoon()]);
    expect(svg).toMatchObject({ status: 'rejected', reason: { name: 'Interrupted' } });
    const [bundle] = await Promise.all([figure.mimeBundle(), stopSoon()]);
    expect(Object.keys(bundle)).toContain('image/png');
  });
});
