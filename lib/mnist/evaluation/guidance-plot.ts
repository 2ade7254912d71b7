/** What guidance buys and costs: accuracy, nearness and diversity over the guidance scale. */

import type { Comparison } from './compare';
import type { Figure } from '../../figure/figure';
import { linePlot, type LineSeries } from '../../charts/line-plot';

/** A guidance scale, and what the images drawn with it scored: the figures of `evaluate`. */
export interface GuidancePoint extends Pick<
  Comparison,
  'overall' | 'frechet' | 'frechetStandardError' | 'frechetRatio' | 'diversityRatio'
> {
  readonly guidanceScale: number;
}

/** Standard errors of a 95 % interval. */
const Z_95 = 1.96;

/**
 * Three lines, of each of which 1 is the best value: the share of right digits; the nearness, which is the distance
 * between real images divided by the distance to them; the diversity divided by that of real images. The first two
 * have 95 % intervals, where these are known.
 *
 * @param points one or more, drawn one step apart in the given order
 * @throws Error if there is none
 */
export function guidancePlot(points: readonly GuidancePoint[]): Figure {
  const x = points.map(({ guidanceScale }) => guidanceScale);
  const right = (key: 'share' | 'low' | 'high') => points.map(({ overall }) => overall[key]);
  return linePlot(
    {
      'right digit': { x, y: right('share'), low: right('low'), high: right('high') },
      'diversity (real = 1)': { x, y: points.map(({ diversityRatio }) => diversityRatio) },
      'nearness, 1 / distance (real = 1)': nearness(x, points),
    },
    { title: 'What guidance buys, and costs', xTitle: 'guidance scale', evenly: true },
  );
}

function nearness(x: number[], points: readonly GuidancePoint[]): LineSeries {
  const at = (errors: number) =>
    points.map(({ frechet, frechetStandardError, frechetRatio }) => {
      const moved = 1 + (errors * frechetStandardError) / frechet;
      return 1 / (frechetRatio * moved);
    });
  const y = points.map(({ frechetRatio }) => 1 / frechetRatio);
  const isKnown = points.every(
    ({ frechet, frechetStandardError: error }) => Number.isFinite(error) && Z_95 * error < frechet,
  );
  return isKnown ? { x, y, low: at(Z_95), high: at(-Z_95) } : { x, y };
}
