import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executedCells, joined, runNotebooks, writeNotebook } from './run-notebooks';
import type { ExecutedCell } from './run-notebooks';

let folder: string;
let cells: ExecutedCell[];

const notebook = [
  [
    "const display = (globalThis as any)[Symbol.for('kernel.display')];",
    'const send = display();',
    "send({ data: { 'image/png': new Uint8Array([1, 2, 3]), 'text/plain': 'bar' }, displayId: 'a' });",
  ].join('\n'),
  [
    "send({ data: { 'text/plain': 'bar, full' }, displayId: 'a', update: true });",
    "setTimeout(() => send({ data: { 'text/plain': 'late' } }), 100);",
  ].join('\n'),
  'await new Promise((resolve) => setTimeout(resolve, 300));',
  "({ [Symbol.for('Jupyter.display')]: async () => ({ 'text/html': '<b>1</b>', 'text/plain': '1' }) });",
  'null;',
  [
    'try {',
    '  send({ data: {} });',
    '} catch (error) {',
    '  console.log((error as Error).message);',
    '}',
  ].join('\n'),
];

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-kernel-'));
  const run = await runNotebooks(folder, ['--no-html', writeNotebook(folder, 'kernel', notebook)]);
  expect(run.printed).toContain('1 passed');
  cells = executedCells(folder, 'kernel');
}, 60_000);
afterAll(() => fs.rmSync(folder, { recursive: true }));

describe('the kernel', () => {
  it('changes a display where it is, and keeps a late one in the cell of its sender', () => {
    expect(cells[0]?.outputs.map(({ data }) => joined(data?.['text/plain']))).toEqual([
      'bar, full',
      'late',
    ]);
  });

  it('shows null, and adds nothing to the cells in between', () => {
    expect(cells[2]?.outputs).toEqual([]);
    expect(cells[4]?.outputs).toMatchObject([
      { output_type: 'execute_result', data: { 'text/plain': ['null'] } },
    ]);
  });

  it('shows a value that knows how to be shown', () => {
    expect(cells[3]?.outputs).toMatchObject([
      { output_type: 'execute_result', data: { 'text/html': ['<b>1</b>'], 'text/plain': ['1'] } },
    ]);
  });

  it('refuses a display without data', () => {
    expect(joined(cells[5]?.outputs[0]?.text)).toContain('A display needs data');
  });
});
