/** Figures and tables of as many values as a long run has: a call takes some 120,000 arguments, no more. */
import { describe, expect, it } from 'vitest';
import { attentionPlot, lossByTimestep } from '../../lib/charts/model-plots';
import { linePlot } from '../../lib/charts/line-plot';
import { lossCurve, noiseSchedule } from '../../lib/charts/plots';
import { drawnIndices, logTicks, smoothed } from '../../lib/charts/series';
import { trainingPlot } from '../../lib/charts/training-plot';
import { extentOf } from '../../lib/figure/extent';
import { imagesToGrid } from '../../lib/figure/png';
import { measureElement } from '../../lib/figure/svg-measure';
import { form } from '../../lib/notebook/form';
import { table } from '../../lib/notebook/html-table';
import { trainingView } from '../../lib/notebook/training-view';

const COUNTS = [130_000, 1_000_000];
const losses = [
  ['falling', (i: number, count: number) => 1 - i / (count + 1)],
  ['with gaps', (i: number) => (i % 3 ? 0.5 + 0.1 * (i % 5) : NaN)],
  ['with infinities', (i: number) => [0.5, 2, Infinity, -Infinity][i % 4]!],
  ['all NaN', () => NaN],
] as const;

const historyOf = (count: number, loss: (i: number, count: number) => number) =>
  Array.from({ length: count }, (_, i) => ({
    step: i + 1,
    loss: loss(i, count),
    learningRate: i % 1000 ? 1e-3 : NaN,
    seconds: 0.5,
  }));

const all = losses.flatMap(([kind, loss]) => COUNTS.map((count) => ({ kind, count, loss })));
const range = (axis: unknown) => (axis as { range: number[] }).range;

describe.each(all)('$count steps, $kind', ({ count, loss }) => {
  const history = historyOf(count, loss);

  it('are a loss curve of at most 1,502 points, with a finite axis of rates', () => {
    const { data, layout, alt } = lossCurve(history);
    expect((data[0]?.x as number[]).length).toBeLessThanOrEqual(1502);
    expect(alt).toContain(`${count} steps`);
    expect(range(layout.yaxis2)).toEqual([0, 1.1 * 1e-3]);
  });

  it.each([
    ['training plot', () => trainingPlot(history)],
    ['training view', () => trainingView(() => history).figure()],
  ])('are a %s, with the same axis', (_, make) => {
    const { data, layout } = make();
    expect((data[0]?.x as number[]).length).toBeLessThanOrEqual(1502);
    expect(range(layout.yaxis2)).toEqual([0, 1.1 * 1e-3]);
    expect(JSON.stringify(layout)).not.toContain('NaN');
  });
});

describe.each(COUNTS)('%i values', (count) => {
  const values = Array.from({ length: count }, (_, i) => (i % 2 ? 3 + (i % 7) : NaN));

  it('have an extent, ticks, a mean and places to draw', () => {
    expect(extentOf(values)).toEqual({ low: 3, high: 9 });
    expect(extentOf(Float32Array.from(values))).toEqual({ low: 3, high: 9 });
    expect(logTicks(values)).toMatchObject({ tickvals: [1, 2, 5, 10, 20, 50] });
    expect(smoothed(values, 0.9)).toHaveLength(count);
    expect(drawnIndices(values).length).toBeLessThanOrEqual(1502);
  });

  it('are a line, with and without intervals', () => {
    const x = values.map((_, i) => i);
    const band = values.map((value) => value + 1);
    const { data } = linePlot(
      { plain: { x, y: values }, banded: { x, y: values, low: values, high: band } },
      { title: 'long', xTitle: 'i' },
    );
    // A bare line of so many points is drawn by the least and the highest of its stretches.
    expect(data.map((trace) => (trace.y as unknown[]).length)).toEqual([
      drawnIndices(values).length,
      count,
    ]);
  });

  it('are a noise schedule, and losses by time step', () => {
    const alphas = Float32Array.from({ length: count }, (_, i) => 1 - i / count);
    expect(noiseSchedule(alphas).alt).toContain(`over ${count} time steps`);
    const figure = lossByTimestep(
      values.map((loss, i) => ({ timestep: i % 1000, loss: Number.isNaN(loss) ? 1 : loss })),
    );
    expect(figure.alt).toContain(`means of ${count} losses`);
  });

  it('are the choices of a form', () => {
    const choices = Array.from({ length: count }, (_, i) => i);
    expect(form({ step: 7 }, { step: choices }).values).toEqual({ step: 7 });
  });

  it('are boxes of a drawing', () => {
    const box = (x: number) => ({
      tagName: 'rect',
      getAttribute: (name: string) => ({ x: String(x), width: '2', height: '1' })[name] ?? null,
    });
    const children = Array.from({ length: count }, (_, i) => box(i));
    const group = { tagName: 'g', children } as unknown as Element;
    expect(measureElement(group)).toEqual({ x: 0, y: 0, width: count + 1, height: 1 });
  });
});

describe('130,000', () => {
  const count = 130_000;

  it('rows are a table', () => {
    const rows = Array.from({ length: count }, (_, step) => ({ step, loss: step ? 0.5 : NaN }));
    expect(table(rows).toString().split('\n')).toHaveLength(count + 2);
  });

  it('pixels of attention are a picture', () => {
    const [H, W] = [325, 400];
    const maps = { data: Float32Array.from({ length: H * W }, (_, i) => i), shape: [H, W, 1] };
    const image = { data: new Uint8Array(H * W), shape: [1, H, W, 1] };
    expect(attentionPlot(image, maps, ['digit']).alt).toContain('digit');
  });

  it('images are a grid', () => {
    const images = { data: new Uint8Array(count), shape: [count, 1, 1, 1] };
    const { width, height } = imagesToGrid(images, { columns: 1000, padding: 0 });
    expect([width, height]).toEqual([1000, 130]);
  });
});

describe('nothing', () => {
  it('has no extent', () => {
    for (const values of [[], [NaN], [Infinity, -Infinity, NaN], new Float32Array(0)]) {
      expect(extentOf(values)).toEqual({ low: NaN, high: NaN });
    }
  });

  it('is a training plot and a table, and refused as a loss curve', () => {
    expect(trainingPlot([]).alt).toBe('Training: 0 steps.');
    expect(table([]).toString()).toBe('\n');
    expect(() => lossCurve([])).toThrow('Expected a history of at least one step');
  });
});

it.each([
  [[2], 2, 2],
  [[-0, 0], -0, -0],
  [[3, 1, 2], 1, 3],
  [[NaN, 4, NaN, -4], -4, 4],
  [[Infinity, 1], 1, 1],
])('the extent of %j is %d to %d', (values, low, high) => {
  expect(extentOf(values)).toEqual({ low, high });
});
