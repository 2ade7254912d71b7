/** An ndarray under another name: everything that works with one works with what extends this. */
import type ndarray from 'ndarray';
import type { NdArray } from 'ndarray';
import type { PixelData } from './image-files';

/** Reads and writes go to the array that it was made of. */
export abstract class NdView<T extends PixelData> implements NdArray<T> {
  protected constructor(protected readonly array: NdArray<T>) {}

  get data(): T {
    return this.array.data;
  }

  get shape(): number[] {
    return this.array.shape;
  }

  get stride(): number[] {
    return this.array.stride;
  }

  get offset(): number {
    return this.array.offset;
  }

  get dtype(): ndarray.DataType<T> {
    return this.array.dtype;
  }

  /** Numbers in all. */
  get size(): number {
    return this.array.size;
  }

  get order(): number[] {
    return this.array.order;
  }

  get dimension(): number {
    return this.array.dimension;
  }

  get T(): NdArray<T> {
    return this.array.T;
  }

  get(...at: number[]): ndarray.Value<T> {
    return this.array.get(...at);
  }

  set(...at: number[]): ndarray.Value<T> {
    return this.array.set(...at);
  }

  index(...at: number[]): ndarray.Value<T> {
    return this.array.index(...at);
  }

  lo(...at: number[]): NdArray<T> {
    return this.array.lo(...at);
  }

  hi(...at: number[]): NdArray<T> {
    return this.array.hi(...at);
  }

  step(...by: number[]): NdArray<T> {
    return this.array.step(...by);
  }

  transpose(...axes: number[]): NdArray<T> {
    return this.array.transpose(...axes);
  }

  pick(...at: (number | null)[]): NdArray<T> {
    return this.array.pick(...at);
  }

  /** The plain array, which shares its numbers. */
  toNdarray(): NdArray<T> {
    return this.array;
  }

  /** Shape, dtype and numbers in row-major order. */
  toJSON(): { readonly shape: number[]; readonly dtype: string; readonly data: number[] } {
    return { shape: [...this.shape], dtype: this.dtype, data: numbersOf(this.array) };
  }

  toString(): string {
    return `${this.constructor.name} [${this.shape.join(', ')}] ${this.dtype}`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** What an ndarray says of where its numbers are. */
interface Strided {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** The numbers in row-major order, whatever the strides. */
export function numbersOf({ data, shape, stride, offset }: Strided): number[] {
  const numbers: number[] = [];
  const walk = (axis: number, start: number) => {
    if (axis === shape.length) numbers.push(data[start]!);
    else for (let i = 0; i < shape[axis]!; i++) walk(axis + 1, start + i * stride[axis]!);
  };
  walk(0, offset);
  return numbers;
}
