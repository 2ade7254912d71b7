/** Values of a figure as JSON, which is what plotly, the notebook's file and the drawing thread take. */

import { inspect, types } from 'node:util';
import { shortened } from './escape';

/** More items of an iterator are taken for one without an end. */
const MOST_ITEMS = 10_000_000;

/** An array with a shape: ndarray's fields. */
interface Strided {
  readonly data: ArrayLike<unknown>;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** A tensor of tfjs, as far as it is read here: this room knows no backend. */
interface TensorLike {
  readonly isDisposed: boolean;
  arraySync(): unknown;
}

const isStrided = (value: object): value is Strided =>
  'data' in value && 'shape' in value && 'stride' in value && 'offset' in value;

const isTensor = (value: object): value is TensorLike =>
  'arraySync' in value && typeof value.arraySync === 'function' && 'isDisposed' in value;

/** The values of an ndarray as arrays in arrays. */
function nested({ data, shape, stride, offset }: Strided, axis = 0, start = offset): unknown {
  if (axis === shape.length) return data[start];
  return Array.from({ length: shape[axis]! }, (_, i) =>
    nested({ data, shape, stride, offset }, axis + 1, start + i * stride[axis]!),
  );
}

function kindOf(value: object): string {
  const name = (Object.getPrototypeOf(value) as object | null)?.constructor?.name;
  return name ? `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}` : 'an object';
}

/** What to give instead of a value that has no plain meaning in a figure. */
function adviceFor(value: unknown): string {
  if (value instanceof Map)
    return 'give [...map.keys()], [...map.values()] or Object.fromEntries(map)';
  if (types.isPromise(value)) return 'await it';
  if (typeof value === 'function') return 'give what it returns';
  if (types.isAnyArrayBuffer(value) || value instanceof DataView) return 'give a typed array of it';
  if (typeof value === 'bigint') return 'it is too large for a number: give String(it)';
  return 'give numbers, texts, dates, arrays or plain objects';
}

function refused(path: string, value: unknown): TypeError {
  const kind =
    typeof value === 'object' && value !== null
      ? kindOf(value)
      : typeof value === 'function'
        ? 'a function'
        : `the ${typeof value} ${shortened(inspect(value), 60)}`;
  return new TypeError(`Expected values for plotly, got ${kind} at ${path}: ${adviceFor(value)}.`);
}

/** Whether an object without a field still means one: `{}`. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** An object that stands for a value of another kind, or undefined if it is a record. */
function meaningOf(value: object, path: string): { readonly value: unknown } | undefined {
  if (value instanceof Date) {
    return { value: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  }
  if (value instanceof URL) return { value: value.href };
  if (types.isBoxedPrimitive(value)) return { value: value.valueOf() };
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return { value: Array.from(value as Float32Array) };
  }
  if (isTensor(value)) {
    if (value.isDisposed) throw new TypeError(`The tensor at ${path} was disposed: make it anew.`);
    return { value: value.arraySync() };
  }
  if (isStrided(value)) return { value: nested(value) };
  if (value instanceof Map) throw refused(path, value);
  if (Symbol.iterator in value && !Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value as Iterable<unknown>) {
      if (items.push(item) <= MOST_ITEMS) continue;
      throw new RangeError(`Expected at most ${MOST_ITEMS} values at ${path}, got more.`);
    }
    return { value: items };
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return { value: (value.toJSON as () => unknown).call(value) };
  }
  return undefined;
}

function recordToJson(value: object, path: string, around: ReadonlySet<object>): unknown {
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  if (!entries.length && !isPlain(value)) throw refused(path, value);
  return Object.fromEntries(
    entries.map(([key, entry]) => {
      const inside = /^[A-Za-z_$][\w$]*$/.test(key)
        ? `${path}.${key}`
        : `${path}[${JSON.stringify(key)}]`;
      // plotly.js dropped titles as texts in its version 3; everybody writes them.
      if (key === 'title' && typeof entry === 'string') return [key, { text: entry }];
      return [key, toPlotlyJson(entry, inside, around)];
    }),
  );
}

/**
 * A copy of a value in JSON's terms. Dates become ISO 8601 texts; sets, iterators, typed arrays, ndarrays and tensors arrays;
 * whole bigints numbers; URLs their address; NaN and infinities null, which is a gap; a `title` that is a text plotly's object.
 *
 * @param path where the value stands, for messages: `data[0].x`
 * @throws TypeError that names the path, if a value has no plain meaning in a figure (a Map, a function, a promise …) or contains
 *   itself
 */
export function toPlotlyJson(
  value: unknown,
  path: string,
  around: ReadonlySet<object> = new Set(),
): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return Number(value);
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    throw refused(path, value);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (around.has(value)) throw new TypeError(`The value at ${path} contains itself.`);
  const inner = new Set(around).add(value);
  if (Array.isArray(value)) {
    return value.map((item, i) =>
      typeof item === 'number' || typeof item === 'string'
        ? toPlotlyJson(item, '')
        : toPlotlyJson(item, `${path}[${i}]`, inner),
    );
  }
  const meaning = meaningOf(value, path);
  if (meaning) return toPlotlyJson(meaning.value, path, inner);
  return recordToJson(value, path, inner);
}
