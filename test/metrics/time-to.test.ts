// The minute at which a curve of accuracy gets to a share, as `npm run learning-curve` tells it.
import { expect, it } from 'vitest';
import { timeTo, timeToText, type CurvePoint } from '../../lib/metrics/time-to';

const CURVE: CurvePoint[] = [
  { minutes: 10, share: 0.5, low: 0.4, high: 0.6 },
  { minutes: 20, share: 0.9, low: 0.85, high: 0.95 },
  { minutes: 30, share: 1, low: 0.97, high: 1 },
];

it('lies between the two points on either side of the share', () => {
  const time = timeTo(CURVE, 0.95);
  expect(time.at).toBeCloseTo(25, 9);
  expect(time.earliest).toBeCloseTo(20, 9);
  expect(time.latest).toBeCloseTo(20 + 10 * (0.1 / 0.12), 9);
  expect(timeToText(time, 30)).toBe('25.0 min (20.0 – 28.3)');
});

it('is the first point where that is already there, and none where it never is', () => {
  expect(timeTo(CURVE, 0.3)).toEqual({ at: 10, earliest: 10, latest: 10 });
  expect(timeTo(CURVE.slice(0, 1), 0.95).at).toBeUndefined();
  expect(timeToText(timeTo(CURVE.slice(0, 1), 0.95), 10)).toBe('not within 10.0 min');
});

it('has no latest minute while the lower bound is below', () => {
  const time = timeTo(CURVE.slice(0, 2), 0.9);
  expect(timeToText(time, 20)).toBe('20.0 min (18.6 – > 20.0)');
});
