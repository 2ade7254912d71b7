/** When a share that grows with time first reaches a level. */

/** A point of the curve: a share after so many minutes, with its interval. */
export interface CurvePoint {
  readonly minutes: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** Minutes at which the share, its upper bound and its lower bound get there; undefined where one does not. */
export interface TimeTo {
  readonly at: number | undefined;
  readonly earliest: number | undefined;
  readonly latest: number | undefined;
}

/**
 * When the curve and its bounds first reach a share. Between two points they are taken to be straight lines.
 *
 * @param points in order of time
 * @param wanted a share, 0 to 1
 */
export function timeTo(points: readonly CurvePoint[], wanted: number): TimeTo {
  const crossing = (key: 'share' | 'low' | 'high') => {
    const next = points.findIndex((point) => point[key] >= wanted);
    if (next <= 0) return points[next]?.minutes;
    const [a, b] = [points[next - 1]!, points[next]!];
    return a.minutes + ((wanted - a[key]) / (b[key] - a[key])) * (b.minutes - a.minutes);
  };
  return { at: crossing('share'), earliest: crossing('high'), latest: crossing('low') };
}

/**
 * For example "27.3 min (24.0 – 31.2)".
 *
 * @param longest minutes of the last point, told where the share is not reached
 */
export function timeToText({ at, earliest, latest }: TimeTo, longest: number): string {
  if (at === undefined) return `not within ${longest.toFixed(1)} min`;
  const bound = (minutes: number | undefined) => minutes?.toFixed(1) ?? `> ${longest.toFixed(1)}`;
  return `${at.toFixed(1)} min (${bound(earliest)} – ${bound(latest)})`;
}
