/** Strokes of a pen, and the picture that they make. labextension/drawing-pad.js paints the same while the pen moves. */
import { shown } from '../options';

/** The way of the pen: points [x, y] in pixels from the upper left corner; (0.5, 0.5) is the middle of the first pixel. */
export type Stroke = readonly (readonly [x: number, y: number])[];

/** In all strokes together; a pen that is moved for a minute gives some 4,000. */
const MOST_POINTS = 20_000;
/** Pixels; a pen that leaves the pad gives points beside it. */
const FURTHEST = 10_000;

/**
 * A copy of strokes, whoever gave them.
 *
 * @throws RangeError if they are none
 */
export function checkedStrokes(owner: string, given: unknown): Stroke[] {
  const isPlace = (x: unknown) => typeof x === 'number' && Math.abs(x) <= FURTHEST;
  const isPoint = (point: unknown) =>
    Array.isArray(point) && point.length === 2 && point.every(isPlace);
  const isStroke = (stroke: unknown): stroke is Stroke =>
    Array.isArray(stroke) && stroke.length > 0 && stroke.every(isPoint);
  if (!Array.isArray(given) || !given.every(isStroke)) {
    throw new RangeError(
      `${owner}: expected strokes as lists of points [x, y] in pixels, such as [[[9, 6], [8, 14]]], got ${shown(given)}.`,
    );
  }
  const strokes = given.map((stroke) => stroke.map(([x, y]) => [x, y] as const));
  const points = strokes.reduce((sum, { length }) => sum + length, 0);
  if (points <= MOST_POINTS) return strokes;
  throw new RangeError(
    `${owner}: expected strokes of at most ${MOST_POINTS} points in all, got ${points}. Clear the pad.`,
  );
}

/** The distance of (x, y) from the line between two points. */
function distance(
  x: number,
  y: number,
  [ax, ay]: readonly [number, number],
  [bx, by]: readonly [number, number],
): number {
  const [dx, dy] = [bx - ax, by - ay];
  const along = dx * dx + dy * dy;
  const part = along > 0 ? ((x - ax) * dx + (y - ay) * dy) / along : 0;
  const t = Math.max(0, Math.min(1, part));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

export interface PadSize {
  readonly width: number;
  readonly height: number;
  /** In pixels. */
  readonly lineWidth: number;
}

/**
 * Strokes with round ends, their edges softened over one pixel.
 *
 * @returns [height · width], 0 where there is none, 1 within a stroke
 */
export function drawnStrokes(
  strokes: readonly Stroke[],
  { width, height, lineWidth }: PadSize,
): Float32Array {
  const picture = new Float32Array(width * height);
  const reach = lineWidth / 2 + 0.5;
  for (const stroke of strokes) {
    stroke.forEach((to, i) => {
      const from = stroke[Math.max(0, i - 1)]!;
      const [left, right] = [Math.min(from[0], to[0]) - reach, Math.max(from[0], to[0]) + reach];
      const [top, bottom] = [Math.min(from[1], to[1]) - reach, Math.max(from[1], to[1]) + reach];
      for (let y = Math.max(0, Math.floor(top)); y < Math.min(height, bottom); y++) {
        for (let x = Math.max(0, Math.floor(left)); x < Math.min(width, right); x++) {
          const covered = Math.min(1, reach - distance(x + 0.5, y + 0.5, from, to));
          const at = y * width + x;
          if (covered > picture[at]!) picture[at] = covered;
        }
      }
    });
  }
  return picture;
}
