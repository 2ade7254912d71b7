import { expect, it } from 'vitest';
import { linePlot } from '../../lib/charts/line-plot';

const titles = { title: 'Accuracy', xTitle: 'guidance', yTitle: 'share' };
const line = { x: [0, 1, 8], y: [0.1, 0.9, 0.8], low: [0.05, 0.85, 0.7], high: [0.2, 0.95, 0.85] };

it('draws lines with intervals, in words too', () => {
  const figure = linePlot({ ours: line }, { ...titles, evenly: true });
  const [trace] = figure.data as [Record<string, unknown>];
  expect(trace['x']).toEqual([0, 1, 2]);
  expect(figure.layout['xaxis']).toMatchObject({ ticktext: ['0', '1', '8'] });
  const { array, arrayminus } = trace['error_y'] as Record<string, number[]>;
  expect(array![0]).toBeCloseTo(0.1, 12);
  expect(arrayminus![0]).toBeCloseTo(0.05, 12);
  expect(figure.alt).toBe('Accuracy: share over guidance; ours from 0.1 at 0 to 0.8 at 8.');
});

it('escapes names', () => {
  const figure = linePlot({ '<b>a</b>': line, b: line }, { ...titles, yRange: [0, 1] });
  expect(JSON.stringify(figure.data)).not.toContain('<b>');
  expect(figure.layout['yaxis']).toMatchObject({ range: [0, 1] });
});

it('is drawn', async () => {
  expect(await linePlot({ ours: line }, titles).toSvg()).toContain('<svg');
});

it('refuses what is no line', () => {
  expect(() => linePlot({}, titles)).toThrow('at least one line, got none');
  expect(() => linePlot({ a: { x: [1], y: [1, 2] } }, titles)).toThrow('got 2 and 1: a.');
  expect(() => linePlot({ a: { x: [], y: [] } }, titles)).toThrow('at least one, got 0 and 0: a.');
});
