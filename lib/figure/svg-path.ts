/** Lengths along SVG paths, which jsdom does not measure: plotly asks for them where it lays labels and points on lines. */

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Pieces that stand for a curve: a screen shows no more. */
const PIECES = 24;

/** Numbers that each command takes. */
const TAKES: Readonly<Record<string, number>> = {
  M: 2,
  L: 2,
  H: 1,
  V: 1,
  C: 6,
  S: 4,
  Q: 4,
  T: 2,
  A: 7,
  Z: 0,
};

/** The commands of path data in absolute coordinates (SVG 2, 9.3); an arc is taken for its chord. */
function* commands(data: string): Generator<readonly [string, readonly number[]]> {
  for (const [, letter = '', rest = ''] of data.matchAll(/([a-zA-Z])([^a-zA-Z]*)/g)) {
    const numbers = (rest.match(/[-+]?(?:\d*\.\d+|\d+\.?)(?:e[-+]?\d+)?/gi) ?? []).map(Number);
    const takes = TAKES[letter.toUpperCase()];
    if (takes === undefined) continue;
    if (takes === 0) yield [letter, []];
    // More numbers than a command takes repeat it; those after a move are lines.
    for (let i = 0; takes > 0 && i + takes <= numbers.length; i += takes) {
      const repeated = letter === 'M' ? 'L' : letter === 'm' ? 'l' : letter;
      yield [i === 0 ? letter : repeated, numbers.slice(i, i + takes)];
    }
  }
}

/** A point of a Bézier curve of any degree (de Casteljau). */
function onCurve(points: readonly Point[], t: number): Point {
  let level = points;
  while (level.length > 1) {
    level = level.slice(1).map((to, i) => {
      const from = level[i]!;
      return { x: from.x + t * (to.x - from.x), y: from.y + t * (to.y - from.y) };
    });
  }
  return level[0]!;
}

/** The path's corners, curves in short pieces. A move within the path counts as its beginning: plotly makes none. */
function corners(data: string): readonly Point[] {
  const line: Point[] = [];
  let at: Point = { x: 0, y: 0 };
  let start = at;
  let control = at; // of the curve before, for S and T
  for (const [letter, numbers] of commands(data)) {
    const relative = letter === letter.toLowerCase();
    const base = relative ? at : { x: 0, y: 0 };
    const command = letter.toUpperCase();
    const point = (i: number): Point => ({
      x: base.x + (numbers[i] ?? 0),
      y: base.y + (numbers[i + 1] ?? 0),
    });
    const mirrored = { x: 2 * at.x - control.x, y: 2 * at.y - control.y };
    let curve: readonly Point[];
    if (command === 'Z') curve = [start];
    else if (command === 'H') curve = [{ x: base.x + numbers[0]!, y: at.y }];
    else if (command === 'V') curve = [{ x: at.x, y: base.y + numbers[0]! }];
    else if (command === 'C') curve = [point(0), point(2), point(4)];
    else if (command === 'S') curve = [mirrored, point(0), point(2)];
    else if (command === 'Q') curve = [point(0), point(2)];
    else if (command === 'T') curve = [mirrored, point(0)];
    else curve = [point(numbers.length - 2)];
    const end = curve.at(-1)!;
    if (command === 'M' || curve.length === 1) line.push(end);
    else for (let i = 1; i <= PIECES; i++) line.push(onCurve([at, ...curve], i / PIECES));
    if (command === 'M') start = end;
    control = curve.at(-2) ?? end;
    at = end;
  }
  return line;
}

const distance = (a: Point, b: Point) => Math.hypot(b.x - a.x, b.y - a.y);

/** The length of a path, from its `d`. */
export function pathLength(data: string): number {
  const line = corners(data);
  return line.slice(1).reduce((sum, point, i) => sum + distance(line[i]!, point), 0);
}

/** The point so far along a path; its ends for what lies before or behind. */
export function pointAtLength(data: string, length: number): Point {
  const line = corners(data);
  let left = length;
  for (const [i, to] of line.slice(1).entries()) {
    const from = line[i]!;
    const piece = distance(from, to);
    if (left <= piece && piece > 0) {
      const t = Math.max(0, left) / piece;
      return { x: from.x + t * (to.x - from.x), y: from.y + t * (to.y - from.y) };
    }
    left -= piece;
  }
  return line.at(-1) ?? { x: 0, y: 0 };
}
