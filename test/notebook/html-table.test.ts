import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { table } from '../../lib/notebook/html-table';
import { fakeNotebook } from '../support/notebook';

const rows = [
  { block: 'conv_in', shape: [32, 1, 3, 3], parameters: 320 },
  { block: 'down_blocks.0', shape: null, parameters: 37120 },
];

describe('table', () => {
  it('writes rows as text with numbers to the right', () => {
    expect(table(rows, { caption: 'UNet' }).toString()).toBe(
      [
        'UNet',
        'block          shape          parameters',
        '─────────────  ─────────────  ──────────',
        'conv_in        [32, 1, 3, 3]         320',
        'down_blocks.0  –                  37,120',
      ].join('\n'),
    );
    expect(inspect(table(rows))).toBe(table(rows).toString());
  });

  it('writes rows as HTML', () => {
    expect(table(rows, { columns: ['block', 'parameters'] }).toHtml()).toBe(
      '<table class="mathjax_ignore"><thead><tr><th style="text-align:left">block</th>' +
        '<th style="text-align:right">parameters</th></tr></thead><tbody>' +
        '<tr><td style="text-align:left">conv_in</td><td style="text-align:right">320</td></tr>' +
        '<tr><td style="text-align:left">down_blocks.0</td>' +
        '<td style="text-align:right">37,120</td></tr></tbody></table>',
    );
  });

  it('writes an object as keys and values', () => {
    const lines = table({
      learningRate: 0.001,
      steps: 60000,
      eps: 1e-8,
      betas: Float32Array.of(0.5, 1),
      clip: undefined,
      nested: { a: 1 },
      flag: true,
      channels: [1000, 64],
      third: 1 / 3,
    })
      .toString()
      .split('\n')
      .slice(2)
      .map((line) => line.split(/ {2,}/)[1]);
    expect(lines).toEqual([
      '0.001',
      '60,000',
      '1e-8',
      '[0.5, 1]',
      '–',
      '{"a":1}',
      'true',
      '[1000, 64]',
      '0.333333',
    ]);
  });

  it('escapes all text', () => {
    const html = table({ '<b>': '"><script>alert(1)</script>&' }, { caption: '<i>' }).toHtml();
    expect(html).not.toMatch(/<script|<b>|<i>/);
    expect(html).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;');
    expect(html).toContain('<caption>&lt;i&gt;</caption>');
  });

  it('shows HTML and text', () => {
    const { sent } = fakeNotebook();
    table({ a: 1 }).show();
    expect(Object.keys(sent[0]?.data ?? {})).toEqual(['text/html', 'text/plain']);
    const written: string[] = [];
    table({ a: 1 }).show({ output: { write: (text) => written.push(text) } });
    expect(written).toEqual([]); // the notebook shows it
  });

  it('names columns that no row has', () => {
    expect(() => table(rows, { columns: ['block', 'size', 'kind'] })).toThrow(
      'got also size, kind',
    );
  });
});

describe('values of all kinds', () => {
  const circle: Record<string, unknown> = { a: 1 };
  circle.self = circle;
  const values = (content: object) =>
    table(content)
      .toString()
      .split('\n')
      .slice(2)
      .map((line) => line.trim().split(/ {2,}/).at(-1));

  it.each<[string, object, string[]]>([
    ['a list', [1, 2, 3], ['1', '2', '3']],
    ['a list of nothing', [null], ['–']],
    ['a list of texts', ['a', undefined], ['a', '–']],
    ['records and others', [{ a: 1 }, null], ['{"a":1}', '–']],
    ['rows of lists', [[1, 2], [3, 4]], ['2', '4']], // prettier-ignore
    ['a typed array', Float32Array.of(0.5, 2), ['0.5', '2.0']],
    ['a set', new Set(['x']), ['x']],
    ['a map', new Map<unknown, unknown>([[1, 2n], ['b', new Date(0)]]), ['2n', '1970-01-01T00:00:00.000Z']], // prettier-ignore
    ['a circle', circle, ['1', '<ref *1> { a: 1, self: [Circular *1] }']],
    ['a bigint inside', { a: { b: [1n] } }, ['{ b: [ 1n ] }']],
    ['a map inside', { a: new Map([[1, 2]]), b: new Set([3]) }, ['Map(1) { 1 => 2 }', 'Set(1) { 3 }']], // prettier-ignore
    ['a map deep inside', { a: { b: new Map([[1, 2]]) } }, ['{ b: Map(1) { 1 => 2 } }']],
    ['an error', { a: new RangeError('no').message, b: /x/g }, ['no', '/x/g']],
    ['NaN', { a: NaN, b: -Infinity, c: [NaN, 1] }, ['NaN', '-Infinity', '[NaN, 1]']],
    ['a symbol and a function', { a: Symbol('s'), b: Math.max }, ['Symbol(s)', 'function max() { [native code] }']], // prettier-ignore
    ['bigints', { a: 2n ** 64n, b: BigInt64Array.of(1n) }, ['18446744073709551616n', '[1n]']],
    ['nothing', { a: null, b: undefined }, ['–', '–']],
    ['an invalid date', { a: new Date(NaN) }, ['Invalid Date']],
  ])('%s', (_, content, expected) => expect(values(content)).toEqual(expected));

  it('a getter that throws, a proxy', () => {
    const getter = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('not now');
      },
    });
    expect(values(getter)).toEqual(['(cannot be read: not now)']);
    expect(values([getter])).toEqual(['(cannot be read: not now)']);
    const proxy = new Proxy({ b: 1 }, {});
    expect(values({ a: proxy })).toEqual([inspect(proxy)]); // Node 26 tells that it is one
    expect(() => table(null as never)).toThrow('expected rows, a list or an object, got null');
  });

  it('no row, no key', () => {
    expect(table([]).toHtml()).toContain('<tbody></tbody>');
    expect(table({}).toHtml()).toContain('<tbody></tbody>');
  });
});

describe('columns', () => {
  const column = (numbers: readonly unknown[]) =>
    table(numbers.map((value) => ({ value })))
      .toString()
      .split('\n')
      .slice(2)
      .map((line) => line.trim());
  it.each<[string, unknown[], string[]]>([
    ['of unlike sizes', [16.2973, 1.05142], ['16.30', '1.05']],
    ['of losses', [0.041372, 0.0523], ['0.0414', '0.0523']],
    ['of shares', [0.985, 0.99, 1], ['0.985', '0.990', '1.000']],
    ['of learning rates', [0.001, 0.0005], ['0.0010', '0.0005']],
    ['of whole numbers', [1000, 2], ['1,000', '2']],
    ['far apart', [1e-8, 5], ['1e-8', '5']],
    ['with a gap', [1.25, null, NaN], ['1.25', '–', 'NaN']],
    ['of one', [1.05142], ['1.05142']],
    ['of others', [1.05142, 'a'], ['1.05142', 'a']],
    ['negative', [-0.5, 12.345], ['-0.500', '12.345']],
  ])('%s', (_, numbers, expected) => expect(column(numbers)).toEqual(expected));

  it('named by numbers come behind the others', () => {
    const [head] = table([{ asked: 7, 0: 1, 1: 2 }])
      .toString()
      .split('\n');
    expect(head).toBe('asked  0  1');
  });

  it('of intervals do not break between number and unit', () => {
    const html = table([{ a: '95.0 % – 99.2 %', b: 'a long text' }]).toHtml();
    expect(html).toContain('white-space:nowrap">95.0 % – 99.2 %<');
    expect(html).toContain('left">a long text<');
  });
});
