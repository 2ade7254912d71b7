import ndarray from 'ndarray';
import { describe, expect, it } from 'vitest';
import * as sd from '../../lib/index';

const x = (value: unknown) => (new sd.Figure([{ x: value, y: [1] }]).data[0] as { x: unknown }).x;
const day = new Date(Date.UTC(2024, 7, 31));
class Trace {
  readonly type = 'scatter';
  readonly y = [1];
  get unused() {
    return 1;
  }
}
function* three() {
  yield* [1, 2, 3];
}

describe('what a figure takes', () => {
  it.each<[string, unknown, unknown]>([
    ['a date', [day], ['2024-08-31T00:00:00.000Z']],
    ['an invalid date', [new Date(NaN), day], [null, '2024-08-31T00:00:00.000Z']],
    ['dates in dates', [[day]], [['2024-08-31T00:00:00.000Z']]],
    ['a set', new Set([1, 2]), [1, 2]],
    ['a set of dates', new Set([day]), ['2024-08-31T00:00:00.000Z']],
    ['keys of a map', new Map([[1, 2]]).keys(), [1]],
    ['values of a map', new Map([[1, 2]]).values(), [2]],
    ['a generator', three(), [1, 2, 3]],
    ['an address', [new URL('https://example.org/a')], ['https://example.org/a']],
    ['Float32Array', Float32Array.of(1, NaN), [1, null]],
    ['Float64Array', Float64Array.of(0.1), [0.1]],
    ['Uint8ClampedArray', Uint8ClampedArray.of(300), [255]],
    ['Buffer', Buffer.from([7]), [7]],
    ['BigInt64Array', BigInt64Array.of(-5n), [-5]],
    ['bigints', [1n, 2n], [1, 2]],
    ['infinities', [Infinity, -Infinity, NaN, -0], [null, null, null, -0]],
    ['null', [null, 1], [null, 1]],
    ['boxed numbers', [Object(3)], [3]],
    ['a vector', ndarray([1, 2, 3], [3]), [1, 2, 3]],
    ['a matrix', ndarray([1, 2, 3, 4], [2, 2]), [[1, 2], [3, 4]]], // prettier-ignore
    ['a transposed matrix', ndarray([1, 2, 3, 4], [2, 2]).transpose(1, 0), [[1, 3], [2, 4]]], // prettier-ignore
    ['a value with toJSON', { toJSON: () => [5] }, [5]],
    ['no prototype', Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 }],
  ])('%s', (_, value, expected) => expect(x(value)).toEqual(expected));

  it('tensors', () => {
    const [vector, matrix, flags] = [sd.tf.tensor([1, 2]), sd.tf.tensor([[1], [2]]), sd.tf.tensor([true])]; // prettier-ignore
    expect([x(vector), x(matrix), x(flags)]).toEqual([[1, 2], [[1], [2]], [1]]);
    sd.tf.dispose([vector, matrix, flags]);
    expect(() => x(vector)).toThrow('The tensor at data[0].x was disposed');
  });

  it('an instance of a class', () => {
    expect(new sd.Figure([new Trace() as never]).data).toEqual([{ type: 'scatter', y: [1] }]);
  });

  it('titles as texts, everywhere', () => {
    const { layout } = new sd.Figure([], { title: 'a', xaxis: { title: 'b' } });
    expect(layout).toMatchObject({ title: { text: 'a' }, xaxis: { title: { text: 'b' } } });
  });
});

describe('what a figure refuses, by its path', () => {
  const around: Record<string, unknown> = {};
  around.self = around;
  it.each<[string, () => unknown, string]>([
    ['a map', () => x(new Map([[1, 2]])), 'a Map at data[0].x: give [...map.keys()]'],
    ['a function', () => x([() => 1]), 'a function at data[0].x[0]'],
    ['a symbol', () => x([Symbol('s')]), 'the symbol Symbol(s) at data[0].x[0]'],
    ['a promise', () => x(Promise.resolve([1])), 'a Promise at data[0].x: await it'],
    ['a weak map', () => x(new WeakMap()), 'a WeakMap at data[0].x'],
    ['a regular expression', () => x([/a/]), 'a RegExp at data[0].x[0]'],
    ['bytes', () => x(new ArrayBuffer(4)), 'an ArrayBuffer at data[0].x: give a typed array'],
    ['a data view', () => x(new DataView(new ArrayBuffer(4))), 'a DataView at data[0].x'],
    ['a large bigint', () => x([2n ** 60n]), 'bigint 1152921504606846976n at data[0].x[0]'],
    ['a circle', () => x(around), 'data[0].x.self contains itself'],
    ['a deep one', () => new sd.Figure([{ marker: { 'a b': [new Map()] } }]), 'data[0].marker["a b"][0]'], // prettier-ignore
    ['in the layout', () => new sd.Figure([], { shapes: [{ x0: () => 1 }] }), 'layout.shapes[0].x0'], // prettier-ignore
    ['an unknown type', () => new sd.Figure([{ type: 'line' }]), 'got line at data[0]: scatter, bar'], // prettier-ignore
    ['no trace', () => new sd.Figure([3 as never]), 'got 3 at data[0]'],
    ['no list', () => new sd.Figure({ y: [1] } as never), 'a list of traces'],
    ['no end', () => x((function* () { for (;;) yield 1; })()), 'at most 10000000 values at data[0].x'], // prettier-ignore
  ])('%s', (_, make, message) => expect(make).toThrow(message));
});

describe('words of a figure that has none', () => {
  it.each<[string, sd.Figure, string]>([
    [
      'titles, kinds, counts and ranges',
      new sd.Figure([{ name: 'ours', x: [0, 5], y: [1, 0.25] }], { title: 'Loss', xaxis: { title: 'step' } }), // prettier-ignore
      'Loss: step; scatter ours (2 values, x from 0 to 5, y from 0.25 to 1).',
    ],
    ['dates', new sd.Figure([{ type: 'bar', x: [day], y: [3] }]), 'x from 2024-08-31T00:00:00.000Z to'], // prettier-ignore
    ['a matrix', new sd.Figure([{ type: 'heatmap', z: [[1, 9]] }]), 'heatmap (1 value, z from 1 to 9).'], // prettier-ignore
    ['nothing', new sd.Figure([]), 'nothing is drawn.'],
  ])('%s', (_, figure, words) => expect(figure.alt).toContain(words));
});
