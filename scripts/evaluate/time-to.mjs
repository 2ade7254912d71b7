// When a curve of accuracy against time first reaches a share.

/** @param {{ minutes: number, share: number, low: number, high: number }[]} points in order of time
 *  @param {number} wanted a share in 0..1
 *  @returns {{ at?: number, earliest?: number, latest?: number }} minutes, linear between two points: where the
 *    measured share, its upper bound and its lower bound get there. None where it does not. */
export function timeTo(points, wanted) {
  const crossing = (key) => {
    const next = points.findIndex((point) => point[key] >= wanted);
    if (next <= 0) return points[next]?.minutes;
    const [a, b] = [points[next - 1], points[next]];
    return a.minutes + ((wanted - a[key]) / (b[key] - a[key])) * (b.minutes - a.minutes);
  };
  return { at: crossing('share'), earliest: crossing('high'), latest: crossing('low') };
}

/** "27.3 min (24.0 – 31.2)" */
export function timeToText({ at, earliest, latest }, longest) {
  if (at === undefined) return `not within ${longest.toFixed(1)} min`;
  const bound = (minutes) => minutes?.toFixed(1) ?? `> ${longest.toFixed(1)}`;
  return `${at.toFixed(1)} min (${bound(earliest)} – ${bound(latest)})`;
}
