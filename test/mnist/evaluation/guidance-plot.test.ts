import { expect, it } from 'vitest';
import { guidancePlot } from '../../../lib/mnist/evaluation/guidance-plot';

const point = {
  guidanceScale: 1,
  overall: { right: 9, of: 10, share: 0.9, low: 0.8, high: 0.95 },
  frechet: 20,
  frechetStandardError: 2,
  frechetRatio: 2,
  diversityRatio: 0.97,
};
const far = { ...point, guidanceScale: 8, frechet: 100, frechetRatio: 10, diversityRatio: 0.6 };

type Trace = Record<'name' | 'x' | 'y', unknown> & {
  readonly error_y?: Record<'array' | 'arrayminus', number[]>;
};
const traces = (points: (typeof point)[]) => guidancePlot(points).data as unknown as Trace[];

it('draws accuracy, diversity and nearness over the scales, one step apart', () => {
  const [right, diversity, nearness] = traces([point, far]);
  expect(right).toMatchObject({ name: 'right digit', x: [0, 1], y: [0.9, 0.9] });
  expect(diversity).toMatchObject({ name: 'diversity (real = 1)', y: [0.97, 0.6] });
  expect(nearness).toMatchObject({ name: 'nearness, 1 / distance (real = 1)', y: [0.5, 0.1] });
  expect(guidancePlot([point, far]).layout['xaxis']).toMatchObject({ ticktext: ['1', '8'] });
});

it('draws 95 % intervals: 1.96 standard errors of the distance to both sides', () => {
  const [right, , nearness] = traces([point, far]);
  expect(right!.error_y!.arrayminus[0]).toBeCloseTo(0.1, 12);
  // Distances 20 ± 3.92 where real ones are 10 apart: 10 / 16.08 and 10 / 23.92.
  expect(nearness!.error_y!.array[0]).toBeCloseTo(10 / 16.08 - 0.5, 12);
  expect(nearness!.error_y!.arrayminus[0]).toBeCloseTo(0.5 - 10 / 23.92, 12);
});

it.each([NaN, 11])('leaves out an interval that is not known: a standard error of %d', (error) => {
  const [right, , nearness] = traces([{ ...point, frechetStandardError: error }, far]);
  expect(right!.error_y).toBeDefined();
  expect(nearness!.error_y).toBeUndefined();
});

it('refuses no points', () => {
  expect(() => guidancePlot([])).toThrow();
});
