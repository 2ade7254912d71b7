import ndarray from 'ndarray';
import { describe, expect, it } from 'vitest';
import { bar, heatmap, scatter } from '../../lib/charts/basic-plots';
import { histogram } from '../../lib/charts/histogram';
import { linePlot } from '../../lib/charts/line-plot';
import type { Figure } from '../../lib/figure/figure';

type Trace = Record<string, unknown>;
const trace = (figure: Figure, i = 0) => figure.data[i] as Trace;
const many = Array.from({ length: 130_000 }, (_, i) => (i * 7919) % 1000);

describe('histogram', () => {
  it.each<[string, Parameters<typeof histogram>, number[]]>([
    // np.histogram([1, 2, 2, 3, 10], bins=3): [4, 0, 1], edges 1, 4, 7, 10
    ['three bins', [[1, 2, 2, 3, 10], { bins: 3 }], [4, 0, 1]],
    // np.histogram([1, 2, 2, 3, 10], bins=[0, 2, 3, 5]): [1, 2, 1]
    ['edges', [[1, 2, 2, 3, 10], { bins: [0, 2, 3, 5] }], [1, 2, 1]],
    // np.histogram([1, 2, 2, 3, 10], bins=2, range=(0, 4)): [1, 3]
    ['a range', [[1, 2, 2, 3, 10], { bins: 2, range: [0, 4] }], [1, 3]],
    ['one value', [[5], { bins: 2 }], [0, 1]],
    ['gaps', [[1, NaN, null as never, 2], { bins: 2 }], [1, 1]],
    ['a typed array', [Float32Array.of(0, 1, 1), { bins: 2 }], [1, 2]],
    ['an ndarray', [ndarray([0, 9, 1, 9], [2], [2]), { bins: 2 }], [1, 1]],
    ['bigints', [[1n, 2n] as never, { bins: 2 }], [1, 1]],
    // np.histogram([0, 1, 1, 1], bins=2, density=True): [0.5, 1.5]
    ['density', [[0, 1, 1, 1], { bins: 2, density: true }], [0.5, 1.5]],
  ])('counts %s as numpy does', (_, [values, options], counts) => {
    expect(trace(histogram(values, options)).y).toEqual(counts);
  });

  it('has ten bins, and says what it shows', () => {
    const figure = histogram(many, { title: 'Losses', xLabel: 'loss' });
    expect((trace(figure).y as number[]).reduce((a, b) => a + b)).toBe(130_000);
    expect(trace(figure).y).toHaveLength(10);
    expect(figure.alt).toMatch(
      /^Losses: count over loss; 130000 values in 10 bins, most \(\d+\) from/,
    );
  });

  it('compares lists by name over the same edges', () => {
    const figure = histogram({ a: [0, 1], b: [3, 4] }, { bins: 4 });
    expect([trace(figure).y, trace(figure, 1).y]).toEqual([[1, 1, 0, 0], [0, 0, 0, 2]]); // prettier-ignore
    expect(figure.layout.showlegend).toBe(true);
  });
});

describe('bar', () => {
  it('of a record, of a list with labels, and of a list', () => {
    expect(bar({ a: 1, b: 2 }).layout).toMatchObject({ xaxis: { ticktext: ['a', 'b'] } });
    const figure = bar([0.5, 0.25], { labels: ['<3>', 4], yLabel: 'share' });
    expect(figure.layout).toMatchObject({ xaxis: { ticktext: ['&lt;3&gt;', '4'] } });
    expect(figure.alt).toBe('share; <3> 0.5, 4 0.25.');
    expect(bar([7]).alt).toBe('0 7.');
  });
});

describe('scatter', () => {
  it('has points, with labels beside few of them', () => {
    const figure = scatter([1, 2], [3, 4], { labels: ['a', 'b'], title: 'T' });
    expect(trace(figure)).toMatchObject({ mode: 'markers+text', x: [1, 2], y: [3, 4], text: ['a', 'b'] }); // prettier-ignore
    expect(figure.alt).toBe('T; 2 points, x from 1 to 2, y from 3 to 4.');
  });
  it('thins very many, and says so', () => {
    const figure = scatter(many, many);
    expect((trace(figure).x as number[]).length).toBeLessThanOrEqual(10_000);
    expect(figure.alt).toContain('130000 points, every 13th drawn');
  });
});

describe('heatmap', () => {
  it('has its first row at the top', () => {
    const figure = heatmap([[1, 2], [3, 4]], { rows: ['a', 'b'], columns: [0, 1], valueRange: [0, 9] }); // prettier-ignore
    expect(trace(figure)).toMatchObject({ z: [[1, 2], [3, 4]], zmin: 0, zmax: 9 }); // prettier-ignore
    expect(figure.layout).toMatchObject({ yaxis: { autorange: 'reversed', ticktext: ['a', 'b'] } });
    expect(figure.alt).toBe('2 rows of 2 values from 1 to 4.');
  });
  it('takes an ndarray', () => {
    expect(trace(heatmap(ndarray([1, 2, 3, 4], [2, 2]).transpose(1, 0))).z).toEqual([[1, 3], [2, 4]]); // prettier-ignore
  });
});

describe('linePlot', () => {
  it.each<[string, Parameters<typeof linePlot>, unknown[], string]>([
    ['a list', [[3, 1, 2]], [[0, 1, 2], [3, 1, 2]], 'from 3 at 0 to 2 at 2.'],
    ['a list by name', [{ loss: [3, 1] }], [[0, 1], [3, 1]], 'loss from 3 at 0 to 1 at 1.'],
    ['x and y', [{ x: [5, 6], y: [3, 1] }], [[5, 6], [3, 1]], 'from 3 at 5 to 1 at 6.'],
    ['a line named y', [{ y: [3, 1], z: [1, 2] }], [[0, 1], [3, 1]], 'y from 3 at 0'],
    ['a typed array', [Float32Array.of(1, 2)], [[0, 1], [1, 2]], 'from 1 at 0 to 2 at 1.'],
    ['a title', [[1, 2], { title: 'T', xLabel: 'x' }], [[0, 1], [1, 2]], 'T: over x; from 1'],
  ])('of %s', (_, [lines, options], xy, words) => {
    const figure = linePlot(lines, options);
    expect([trace(figure).x, trace(figure).y]).toEqual(xy);
    expect(figure.alt).toContain(words);
  }); // prettier-ignore

  it('of 130,000 numbers', () => {
    expect((trace(linePlot(many)).y as number[]).length).toBeLessThanOrEqual(1502);
  });
});

it.each<[string, () => Figure]>([
  ['histogram', () => histogram([1, 2, 2])],
  ['bar', () => bar({ a: 1 })],
  ['scatter', () => scatter([1], [2])],
  ['heatmap', () => heatmap([[1, 2]])],
  ['linePlot', () => linePlot([1, 2, 3])],
])('%s is drawn', async (_, make) => {
  expect((await make().toPng()).length).toBeGreaterThan(1000);
});

it.each<[string, () => Figure, string]>([
  ['no value', () => histogram([]), 'expected a number, got none'],
  ['only NaN', () => histogram([NaN]), 'expected a number, got none'],
  ['no list', () => histogram({}), 'at least one list, got none'],
  [
    'bins of 0',
    () => histogram([1], { bins: 0 }),
    'from 1 to 10000, or rising edges, at least two, got 0',
  ],
  ['falling edges', () => histogram([1], { bins: [2, 1] }), 'rising edges'],
  ['texts', () => histogram(['a'] as never), "got 'a' at index 0"],
  [
    'nothing',
    () => histogram(null as never),
    'expected a list of numbers, or lists by name, got null',
  ],
  ['bars without labels', () => bar([1, 2], { labels: ['a'] }), 'got 1 and 2'],
  ['no bar', () => bar([]), 'at least one, got 0 and 0'],
  ['x without y', () => scatter([1, 2], [1]), 'got 2, 1'],
  ['labels', () => scatter([1], [1], { labels: [] }), 'got 1, 1 and 0'],
  ['no matrix', () => heatmap([]), 'at least one number'],
  ['rows unlike', () => heatmap([[1], [1, 2]]), 'rows of 1 numbers, got 2: values[1]'],
  ['names of rows', () => heatmap([[1]], { rows: [] }), 'expected 1 names of rows, got 0'],
  ['three axes', () => heatmap(ndarray([1], [1, 1, 1])), 'got shape [1, 1, 1]'],
  [
    'a word',
    () => linePlot('abc' as never),
    'expected a list of numbers, or lists by name, got "abc"',
  ],
])('refuses %s', (_, make, message) => expect(make).toThrow(message));
