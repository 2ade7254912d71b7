/**
 * What the page uses of ndarray. The package itself makes its classes by `new Function`, which a page's policy without
 * 'unsafe-eval' forbids; scripts/web/bundle.mjs puts this in its place.
 */
type Numbers = Float32Array | Uint8Array;

class View {
  readonly dtype: string;

  constructor(
    readonly data: Numbers,
    readonly shape: number[],
    readonly stride: number[],
    readonly offset: number,
  ) {
    this.dtype = data instanceof Uint8Array ? 'uint8' : 'float32';
  }

  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  get dimension(): number {
    return this.shape.length;
  }

  index(...at: number[]): number {
    return at.reduce((place, i, axis) => place + i * this.stride[axis]!, this.offset);
  }

  get(...at: number[]): number {
    return this.data[this.index(...at)]!;
  }

  /** Without the axes that a place is given for. */
  pick(...at: (number | null)[]): View {
    const places = this.shape.map((_, axis) => at[axis] ?? -1);
    const kept = (list: number[]) => list.filter((_, axis) => places[axis]! < 0);
    const offset = this.index(...places.map((place) => Math.max(0, place)));
    return new View(this.data, kept(this.shape), kept(this.stride), offset);
  }
}

/** As ndarray's: row-major unless strides are given. */
export default function ndarray(
  data: Numbers,
  shape: readonly number[],
  stride?: readonly number[],
  offset = 0,
): View {
  const rowMajor = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return new View(data, [...shape], [...(stride ?? rowMajor)], offset);
}
