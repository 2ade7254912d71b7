/** An option given as undefined is one not given. */
import { describe, expect, it } from 'vitest';
import * as sd from '../../lib/notebook';
import { LiveFigure } from '../../lib/notebook/live';
import { fakeClock, fakeNotebook } from '../support/notebook';

const images: sd.ImageBatch = { data: new Float32Array(3 * 64).fill(0.5), shape: [3, 8, 8, 1] };
const history = [1, 2, 3].map((step) => ({ step, loss: 1 / step, learningRate: 1e-3, seconds: 1 }));
const frames = [9, 0].map((timestep) => ({ timestep, sample: images, predOriginalSample: images }));
const one: sd.ImageBatch = { data: new Float32Array(64), shape: [1, 8, 8, 1] };
const maps = { data: new Float32Array(128).map((_, i) => i), shape: [8, 8, 2] };
const vectors = { data: [1, 2, 3, 4, 5, 7], shape: [3, 2] };
const lines = { a: { x: [1, 2], y: [3, 4] } };
const titles = { title: 'Lines', xTitle: 'x' };
const rows = [{ a: 1, b: 'x' }];

type Options = Readonly<Record<string, unknown>>;
/** Each public function with its options, and the names of all of them. */
const cases: readonly (readonly [string, readonly string[], (options: Options) => unknown])[] = [
  [
    'imageGrid',
    ['title', 'titles', 'columns', 'scale', 'alt', 'valueRange'],
    (o) => sd.imageGrid(images, o),
  ],
  [
    'imagesToGrid',
    ['columns', 'scale', 'padding', 'padValue', 'valueRange'],
    (o) => sd.imagesToGrid(images, o),
  ],
  [
    'linePlot',
    ['yTitle', 'yRange', 'evenly', 'markers'],
    (o) => sd.linePlot(lines, { ...titles, ...o }),
  ],
  ['a line', ['low', 'high'], (o) => sd.linePlot({ a: { ...lines.a, ...o } }, titles)],
  ['lossCurve', ['smoothing', 'title', 'yScale'], (o) => sd.lossCurve(history, o)],
  ['a loss', ['learningRate'], (o) => sd.lossCurve([{ step: 1, loss: 1, ...o }])],
  ['noiseSchedule', ['title'], (o) => sd.noiseSchedule([1, 0.5], o)],
  ['denoisingAnimation', ['title', 'valueRange'], (o) => sd.denoisingAnimation(frames, o)],
  ['embeddingPlot', ['title'], (o) => sd.embeddingPlot(vectors, ['a', 'b', 'c'], o)],
  [
    'lossByTimestep',
    ['bins', 'numTrainTimesteps', 'title'],
    (o) => sd.lossByTimestep([{ timestep: 5, loss: 1 }], o),
  ],
  ['attentionPlot', ['title', 'valueRange'], (o) => sd.attentionPlot(one, maps, ['a', 'b'], o)],
  ['Figure', ['png'], (o) => new sd.Figure([], {}, { alt: 'x', ...o })],
  [
    "a figure's layout",
    ['width', 'height', 'title'],
    (o) => new sd.Figure([], { ...o }, { alt: 'x' }),
  ],
  ['images', ['stride', 'offset'], (o) => sd.imageGrid({ ...images, ...o })],
  ['trainingPlot', ['smoothing', 'title', 'memory', 'samples'], (o) => sd.trainingPlot(history, o)],
  [
    'trainingView',
    ['smoothing', 'title', 'memory', 'interval', 'now', 'valueRange'],
    (o) => sd.trainingView(() => history, o).figure(),
  ],
  ['table', ['caption', 'columns'], (o) => sd.table(rows, o).toHtml()],
  ['form', ['a', 'b'], (o) => sd.form({ a: 1, b: 'x' }, o).toString()],
  ['a control of no setting', ['c'], (o) => sd.form({ a: 1 }, o).toString()],
  [
    'a slider',
    ['step'],
    (o) =>
      sd
        .form({ a: 1 }, { a: { min: 0, max: 2, ...o } })
        .toHtml()
        .replace(/[\da-f-]{36}/, ''),
  ],
];

describe.each(cases)('%s', (_, names, make) => {
  const stated = Object.fromEntries(names.map((name) => [name, undefined]));
  const shown = (options: Options): unknown => {
    const made = make(options);
    return JSON.parse(JSON.stringify([made, String(made)]));
  };

  it('takes undefined for its options as not given', () => {
    expect(shown(stated)).toEqual(shown({}));
  });

  it.each(names)('takes undefined for %s', (name) => {
    expect(shown({ [name]: undefined })).toEqual(shown({}));
  });
});

describe('what shows itself', () => {
  const numbers = { initial: undefined, minInterval: undefined, leave: undefined };
  const words = { description: undefined, unit: undefined, output: undefined };
  const bars = { ...numbers, ...words, total: undefined, signal: undefined };

  it('a bar counts and ends as without options', () => {
    const clock = fakeClock();
    const run = (options: object) => {
      const { sent } = fakeNotebook();
      const bar = sd.progress(2, { now: clock.now, ...options });
      bar.update(undefined);
      bar.update(1, undefined);
      bar.close();
      return sent.map(({ data }) => data['text/html']);
    };
    expect(run(bars)).toEqual(run({}));
    expect(run(bars)).toHaveLength(3);
  });

  it('a loop takes its total from what it loops over', () => {
    expect(sd.progress([1, 2, 3], bars).total).toBe(3);
  });

  it.each([
    [
      'live figure',
      2000,
      (o: object) => new LiveFigure(() => new sd.Figure([], {}, { alt: 'x' }), o),
    ],
    ['training view', 5000, (o: object) => sd.trainingView(() => history, o)],
  ])('a %s waits %i ms between two drawings', async (_, interval, make) => {
    const clock = fakeClock();
    const { sent } = fakeNotebook();
    const view = make({ interval: undefined, now: clock.now });
    const drawnAfter = async (ms: number) => {
      clock.ms = ms;
      view.update();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await expect.poll(() => sent.length, { timeout: 20_000 }).toBeGreaterThan(0);
      return sent.length;
    };
    expect(await drawnAfter(0)).toBe(1);
    expect(await drawnAfter(interval - 1)).toBe(1);
    clock.ms = interval;
    view.update();
    await expect.poll(() => sent.length, { timeout: 20_000 }).toBe(2);
    await view.close();
  });

  it('clearOutput, show and toPng take undefined', async () => {
    const cleared: boolean[] = [];
    const CLEAR = Symbol.for('kernel.clearOutput');
    Object.assign(globalThis, { [CLEAR]: (wait: boolean) => cleared.push(wait) });
    sd.clearOutput({ wait: undefined });
    Reflect.deleteProperty(globalThis, CLEAR);
    expect(cleared).toEqual([false]);
    sd.table(rows).show({ output: undefined });
    const figure = sd.imageGrid(images);
    expect(await figure.toPng({ scale: undefined })).toEqual(await figure.toPng());
    expect(await figure.mimeBundle({ interactive: undefined })).toEqual(await figure.mimeBundle());
  });
});
