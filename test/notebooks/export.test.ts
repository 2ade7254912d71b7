import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { JSDOM } from 'jsdom';
import { afterAll, expect, it } from 'vitest';
import { storedWords } from '../browser/copies';
import { root } from '../support/script';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'export-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

it("plain nbconvert's HTML has the figures' words as alternative texts", () => {
  const file = path.join(root, 'notebooks', '06-guidance-sweep.ipynb');
  const nbconvert = path.join(root, '.venv', 'bin', 'jupyter-nbconvert');
  execFileSync(nbconvert, ['--to', 'html', file, '--output-dir', folder], { stdio: 'pipe' });
  const html = fs.readFileSync(path.join(folder, '06-guidance-sweep.html'), 'utf8');
  const { document } = new JSDOM(html).window;
  const alts = [...document.querySelectorAll<HTMLImageElement>('.jp-RenderedImage img')];
  expect(alts.length).toBeGreaterThan(2);
  expect(alts.map(({ alt }) => alt)).toEqual(storedWords(file, 'image/png'));
});

it('also words with quotes and tags', () => {
  const words = 'a "quoted" <b>word</b> & \'more\'';
  const data = { 'image/png': 'iVBORw0KGgo=', 'text/plain': `Figure (1×1): ${words}` };
  const output = { output_type: 'display_data', data, metadata: { 'image/png': { alt: words } } };
  const cell = { cell_type: 'code', id: 'a', source: '', metadata: {}, execution_count: 1, outputs: [output] }; // prettier-ignore
  const file = path.join(folder, 'words.ipynb');
  fs.writeFileSync(file, JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 })); // prettier-ignore
  const nbconvert = path.join(root, '.venv', 'bin', 'jupyter-nbconvert');
  const html = execFileSync(nbconvert, ['--to', 'html', '--stdout', file], { stdio: 'pipe' });
  const { document } = new JSDOM(html.toString()).window;
  expect(document.querySelector<HTMLImageElement>('.jp-RenderedImage img')?.alt).toBe(words);
  expect(document.querySelector('.jp-RenderedImage b')).toBeNull();
});
