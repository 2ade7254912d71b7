/**
 * Numbers with a shape as torch prints them (torch/_tensor_str.py): four digits behind the point, one width for all, and of
 * more than a thousand the first and last three along each axis.
 */

/** Numbers in row-major order. */
export interface Values {
  readonly data: ArrayLike<number | bigint | string | boolean>;
  readonly shape: readonly number[];
  /** Whether the type is one of floats, which are printed with a point. */
  readonly floats: boolean;
}

/** How many numbers an array of this shape holds. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, 1);

const MOST = 1000;
const EDGE = 3;
const LINE = 80; // characters
const DIGITS = 4;

/** As C prints it, the exponent in two digits. */
const scientific = (value: number) =>
  value
    .toExponential(DIGITS)
    .replace(/e([+-])(\d)$/, (_, sign: string, digit: string) => `e${sign}0${digit}`);

/** With so many digits behind the point; halves to the even digit, as C rounds. */
function fixed(value: number, digits: number): string {
  const scaled = Math.abs(value) * 10 ** digits;
  if (scaled % 1 === 0.5 && Math.floor(scaled) % 2 === 0) {
    return `${value < 0 ? '-' : ''}${(Math.floor(scaled) / 10 ** digits).toFixed(digits)}`;
  }
  return value.toFixed(digits);
}

/** How torch writes floats, given those that are shown. */
function floatFormat(shown: readonly number[]): (value: number) => string {
  const counted = shown.filter((value) => Number.isFinite(value) && value !== 0);
  let [low, high, whole] = [Infinity, 0, true];
  for (const value of counted) {
    low = Math.min(low, Math.abs(value));
    high = Math.max(high, Math.abs(value));
    whole &&= Number.isInteger(value);
  }
  const wide = counted.length > 0 && (high / low > 1000 || high > 1e8);
  const write =
    wide || (counted.length > 0 && !whole && low < 1e-4)
      ? scientific
      : whole
        ? (value: number) => `${fixed(value, 0)}.`
        : (value: number) => fixed(value, DIGITS);
  const special = (value: number) =>
    Number.isNaN(value)
      ? 'nan'
      : value === Infinity
        ? 'inf'
        : value === -Infinity
          ? '-inf'
          : undefined;
  const width = counted.reduce((longest, value) => Math.max(longest, write(value).length), 1);
  return (value) => (special(value) ?? write(value)).padStart(width);
}

function valueFormat(shown: readonly unknown[], floats: boolean): (value: unknown) => string {
  if (floats) {
    const write = floatFormat(shown.map(Number));
    return (value) => write(Number(value));
  }
  const write = (value: unknown) =>
    typeof value === 'string' ? JSON.stringify(value) : String(value);
  const width = shown.reduce((longest: number, value) => Math.max(longest, write(value).length), 1);
  return (value) => write(value).padStart(width);
}

/** The places along an axis that are shown; null stands for those left out. */
function places(length: number, cut: boolean): readonly (number | null)[] {
  if (!cut || length <= 2 * EDGE) return Array.from({ length }, (_, i) => i);
  return [0, 1, 2, null, length - 3, length - 2, length - 1];
}

/**
 * The numbers in brackets, `[[1., 2.], …]`; a scalar is the number alone.
 *
 * @param indent characters before it, by which later lines are moved
 */
export function formatValues({ data, shape, floats }: Values, indent = 0): string {
  const total = sizeOf(shape);
  const cut = total > MOST;
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const shown: unknown[] = [];
  const gather = (axis: number, start: number) => {
    if (axis === shape.length) {
      if (start < data.length) shown.push(data[start]);
      return;
    }
    for (const i of places(shape[axis]!, cut))
      if (i !== null) gather(axis + 1, start + i * strides[axis]!);
  };
  if (total > 0) gather(0, 0);
  const write = valueFormat(shown, floats);

  const row = (start: number, left: number) => {
    const items = places(shape.at(-1)!, cut).map((i) =>
      i === null ? ' ...' : write(data[start + i]),
    );
    const width = (items[0]?.length ?? 1) + 2;
    const across = Math.max(1, Math.floor((LINE - left) / width));
    const lines: string[] = [];
    for (let i = 0; i < items.length; i += across)
      lines.push(items.slice(i, i + across).join(', '));
    return `[${lines.join(`,\n${' '.repeat(left + 1)}`)}]`;
  };
  const block = (axis: number, start: number, left: number): string => {
    if (axis === shape.length - 1) return row(start, left);
    const parts = places(shape[axis]!, cut).map((i) =>
      i === null ? '...' : block(axis + 1, start + i * strides[axis]!, left + 1),
    );
    const gap = `,${'\n'.repeat(shape.length - axis - 1)}${' '.repeat(left + 1)}`;
    return `[${parts.join(gap)}]`;
  };
  if (!shape.length) return write(data[0]);
  return total > 0 ? block(0, 0, indent) : '[]';
}
