import { createRequire } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import { openDisplay } from '../../lib/figure/display-handle';
import { escapeHtml, escapePlotly } from '../../lib/figure/escape';
import { fakeNotebook } from '../support/notebook';

const { cache } = createRequire(__filename);
const TSLAB = '/somewhere/node_modules/tslab/dist/jupyter.js';
afterEach(() => Reflect.deleteProperty(cache, TSLAB));

describe('openDisplay', () => {
  it('sends first a new output, then updates of it', () => {
    const { sent } = fakeNotebook();
    const display = openDisplay();
    display?.update({ 'text/plain': 'a' });
    display?.update({ 'text/plain': 'b' }, { 'text/plain': { c: 1 } });
    expect(sent).toMatchObject([
      { data: { 'text/plain': 'a' }, metadata: {}, update: false, displayId: display?.displayId },
      { data: { 'text/plain': 'b' }, metadata: { 'text/plain': { c: 1 } }, update: true },
    ]);
  });

  it('finds the writer of stock tslab, bound to its cell', () => {
    const calls: unknown[] = [];
    const jupyter = { lastWriteDisplayData: (...args: unknown[]) => calls.push(args) };
    cache[TSLAB] = { exports: jupyter } as unknown as NodeJS.Module;
    const display = openDisplay();
    jupyter.lastWriteDisplayData = () => expect.unreachable('the next cell got the output');
    display?.update({ 'text/plain': 'a' });
    const transient = { display_id: display?.displayId };
    const metadata = { display_id: display?.displayId };
    expect(calls).toEqual([[{ data: { 'text/plain': 'a' }, metadata, transient }, false]]);
  });

  it('is none where nothing shows it', () => {
    expect(openDisplay()).toBeUndefined();
    cache[TSLAB] = { exports: { lastWriteDisplayData: null } } as unknown as NodeJS.Module;
    expect(openDisplay()).toBeUndefined();
  });
});

describe('escape', () => {
  it('leaves no markup in HTML', () => {
    expect(escapeHtml(`<a href="x" b='y'>&amp;`)).toBe(
      '&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;',
    );
  });

  it('leaves no tags and no TeX in plotly, but line breaks', () => {
    expect(escapePlotly('<b>$x$</b> & y\nz\r\nw')).toBe(
      '&lt;b&gt;&#36;x&#36;&lt;/b&gt; &amp; y<br>z<br>w',
    );
  });
});
