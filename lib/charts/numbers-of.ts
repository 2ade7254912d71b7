/** Numbers out of what people have: lists, typed arrays, ndarrays, tensors. */

import { inspect } from 'node:util';
import { shown } from '../options';

/** A tensor of tfjs, as far as it is read here. */
interface TensorLike {
  readonly shape: readonly number[];
  dataSync(): ArrayLike<number>;
}

/** An ndarray, or numbers in row-major order with their shape. */
interface Shaped {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
  readonly stride?: readonly number[];
  readonly offset?: number;
}

/** A list of numbers: an array, a typed array, a set, an ndarray or a tensor of one axis. */
export type NumberList = ArrayLike<number> | ReadonlySet<number> | Shaped | TensorLike;

/** Values by name: a record, or a map from names. */
export type Named<T> = Readonly<Record<string, T>> | ReadonlyMap<string, T>;

/** Rows of numbers: arrays in an array, an ndarray or a tensor [rows, columns]. */
export type NumberRows = readonly ArrayLike<number>[] | Shaped | TensorLike;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Whether a value is a list of numbers, and not a record of some. */
export const isNumberList = (value: unknown): value is NumberList =>
  Array.isArray(value) ||
  value instanceof Set ||
  (ArrayBuffer.isView(value) && !(value instanceof DataView)) ||
  (isObject(value) && 'shape' in value && ('data' in value || 'dataSync' in value));

function shaped(values: Shaped | TensorLike): Shaped {
  if ('dataSync' in values && typeof values.dataSync === 'function') {
    return { data: values.dataSync(), shape: values.shape };
  }
  return values as Shaped;
}

/** @throws TypeError if something in it is no number; `what` names the list */
export function numbersOf(values: NumberList, what: string): number[] {
  if (!isNumberList(values)) {
    throw new TypeError(`Expected ${what} as a list of numbers, got ${shown(values)}.`);
  }
  let list: number[];
  if (values instanceof Set) list = Array.from(values as ReadonlySet<number>, toNumber(what));
  else if ('length' in values) list = Array.from(values, toNumber(what));
  else {
    const { data, shape, stride, offset = 0 } = shaped(values as Shaped | TensorLike);
    if (shape.length !== 1) {
      throw new RangeError(`Expected ${what} of one axis, got shape [${shape.join(', ')}].`);
    }
    const step = stride?.[0] ?? 1;
    list = Array.from({ length: shape[0]! }, (_, i) => toNumber(what)(data[offset + i * step], i));
  }
  return list;
}

/**
 * Names and their values, in order.
 *
 * @throws TypeError if it is neither a record nor a map; `expected` is the end of a sentence
 */
export function namedEntries<T>(values: Named<T>, owner: string, expected: string): [string, T][] {
  if (values instanceof Map)
    return [...(values as ReadonlyMap<string, T>)].map(([name, value]) => [String(name), value]);
  if (!isObject(values) || values instanceof Date || Symbol.iterator in values)
    throw new TypeError(`${owner}: expected ${expected}, got ${shown(values)}.`);
  return Object.entries(values as Readonly<Record<string, T>>);
}

/** Numbers stay; null and undefined are gaps; bigints and dates are taken as numbers. */
const toNumber =
  (what: string) =>
  (value: unknown, index: number): number => {
    if (typeof value === 'number') return value;
    if (value === null || value === undefined) return NaN;
    if (typeof value === 'bigint' || typeof value === 'boolean' || value instanceof Date) {
      return Number(value);
    }
    throw new TypeError(`Expected ${what} as numbers, got ${inspect(value)} at index ${index}.`);
  };

/** @throws RangeError if the rows differ in length or there is none; TypeError if something is no number */
export function rowsOf(values: NumberRows, what: string): number[][] {
  let rows: number[][];
  if (!isNumberList(values))
    throw new TypeError(`Expected ${what} as rows of numbers, got ${shown(values)}.`);
  if (Array.isArray(values)) {
    rows = values.map((row, i) => numbersOf(row as NumberList, `${what}[${i}]`));
  } else {
    const { data, shape, stride, offset = 0 } = shaped(values as Shaped);
    const [height = 0, width = 0] = shape;
    if (shape.length !== 2) {
      throw new RangeError(`Expected ${what} of two axes, got shape [${shape.join(', ')}].`);
    }
    const [down = width, across = 1] = stride ?? [];
    rows = Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (__, x) => data[offset + y * down + x * across] ?? NaN),
    );
  }
  const width = rows[0]?.length ?? 0;
  if (!width) throw new RangeError(`Expected ${what} with at least one number, got none.`);
  rows.forEach((row, i) => {
    if (row.length === width) return;
    throw new RangeError(`Expected rows of ${width} numbers, got ${row.length}: ${what}[${i}].`);
  });
  return rows;
}
