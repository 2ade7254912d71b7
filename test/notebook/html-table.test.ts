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
