import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  executedCells,
  joined,
  runNotebooks,
  writeNotebook,
  type Cell,
  type RunResult,
} from './run-notebooks';

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-notebooks-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** What must not pass for green: the cells, which of them is to blame, and what is said. */
const faults: Record<string, { cells: Cell[]; cell: number; says: RegExp }> = {
  throw: {
    cells: ['1;', "const boom = 'boom';\nthrow new RangeError(boom);", '2;'],
    cell: 2,
    says: /^RangeError: boom$/m,
  },
  'type-error': {
    cells: ['1;', "const size: number = 'large';"],
    cell: 2,
    says: /^TypeScriptError: 1:7 - Type 'string' is not assignable to type 'number'/,
  },
  'rejected-await': {
    cells: ["await Promise.reject(new Error('refused'));"],
    cell: 1,
    says: /^Error: refused$/m,
  },
  'floating-rejection': {
    cells: ['1;', "void Promise.reject(new Error('unseen'));"],
    cell: 2,
    says: /^UnhandledPromiseRejection: Error: unseen$/m,
  },
  'throw-in-timer': {
    cells: ["setTimeout(() => { throw new Error('late'); }, 200);"],
    cell: 1,
    says: /^UncaughtException: Error: late$/m,
  },
  'dead-kernel': {
    cells: ['1;', "process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});"],
    cell: 2,
    says: /kernel died/,
  },
  'process-exit': { cells: ['1;', 'process.exit(0);'], cell: 2, says: /^SystemExit: / },
  'missing-import': {
    cells: ["import { nothing } from 'no-such-package';\nnothing;"],
    cell: 1,
    says: /There is no package no-such-package\. `npm install no-such-package`/,
  },
  'not-an-error': { cells: ["throw 'a text';"], cell: 1, says: /^Thrown: 'a text'$/m },
};

describe('a fault in a notebook', () => {
  let run: RunResult;
  beforeAll(async () => {
    const files = Object.entries(faults).map(([name, { cells }]) =>
      writeNotebook(folder, name, cells),
    );
    run = await runNotebooks(folder, ['--no-html', ...files]);
  }, 180_000);

  it('makes the run fail', () => {
    expect(run.exitCode).toBe(1);
    expect(run.printed).toContain(`notebooks: 0 passed, ${Object.keys(faults).length} failed`);
  });

  it.each(Object.entries(faults))('%s is found in its cell', (name, { cells, cell, says }) => {
    const result = run.results.find(({ notebook }) => notebook === `${name}.ipynb`);
    expect(result?.status).toBe('failed');
    const [, place, reason] = /^cell (\d+): ([^]*)$/.exec(result?.explanation ?? '') ?? [];
    expect(Number(place)).toBe(cell);
    expect(reason).toMatch(says);
    // frames of the kernel itself say nothing about the cell
    expect(reason).not.toMatch(/tslab|scripts\/kernel|node:internal/);
    const blamed = cells[cell - 1] as string;
    const firstLine = blamed.split('\n')[0] ?? '';
    expect(run.printed).toContain(`FAILED at cell ${cell} of ${cells.length}: ${firstLine}`);
  });

  it('leaves the partly executed copy', () => {
    const [first, second, third] = executedCells(folder, 'throw');
    expect(first?.outputs[0]?.data?.['text/plain']).toBeDefined();
    expect(second?.outputs.at(-1)).toMatchObject({
      output_type: 'error',
      ename: 'RangeError',
      evalue: 'boom',
    });
    expect(third?.outputs).toEqual([]);
  });
});

describe('a good notebook', () => {
  it('passes, with its parameters set and its page written', async () => {
    const file = writeNotebook(folder, 'good', [
      { code: "let preset: 'cpu' | 'smoke' = 'cpu';\nlet scales = [1];", tag: 'parameters' },
      'console.log(preset, scales);',
      { code: "throw new Error('shown on purpose');", tag: 'raises-exception' },
      '6 * 7;',
    ]);
    const run = await runNotebooks(folder, [
      ...['-p', 'preset', 'smoke', '-p', 'scales', '[0, 7.5]'],
      file,
    ]);
    expect(run.printed).toContain('notebooks: 1 passed, 0 failed');
    expect(run.exitCode).toBe(0);
    const cells = executedCells(folder, 'good');
    expect(joined(cells[1]?.source)).toContain('preset = "smoke";\nscales = [0, 7.5];');
    expect(joined(cells[2]?.outputs[0]?.text)).toBe('smoke [ 0, 7.5 ]\n');
    expect(cells[4]?.outputs[0]?.data?.['text/plain']).toEqual(['42']);
    const page = fs.readFileSync(path.join(folder, 'out', 'good.html'), 'utf8');
    expect(page).toContain('shown on purpose');
  }, 60_000);

  it('fails when a parameter is set that it does not have', async () => {
    const file = writeNotebook(folder, 'unknown-parameter', [
      { code: "let preset = 'cpu';", tag: 'parameters' },
    ]);
    const run = await runNotebooks(folder, ['--no-html', '-p', 'prest', 'smoke', file]);
    expect(run.exitCode).toBe(1);
    expect(run.printed).toContain("Cannot find name 'prest'");
  }, 60_000);

  it('gets its outputs in place if asked, and never with parameters', async () => {
    const file = writeNotebook(folder, 'in-place', ['6 * 7;']);
    const refused = await runNotebooks(folder, ['--in-place', '-p', 'a', '1', file]);
    expect(refused.exitCode).toBe(2);
    expect(refused.printed).toContain('set the values in it instead of by -p');
    const run = await runNotebooks(folder, ['--no-html', '--in-place', file]);
    expect(run.exitCode).toBe(0);
    expect(fs.readFileSync(file, 'utf8')).toContain('"42"');
  }, 60_000);
});

describe('the runner', () => {
  it('breaks off a cell that takes too long', async () => {
    const file = writeNotebook(folder, 'slow', [
      'await new Promise((resolve) => setTimeout(resolve, 60_000));',
    ]);
    const run = await runNotebooks(folder, ['--no-html', '--timeout', '1', file]);
    expect(run.exitCode).toBe(1);
    expect(run.printed).toContain('Still running after 1 s.');
  }, 60_000);

  it('passes a wish to stop on to the training loop, which ends and keeps what it has', async () => {
    const file = writeNotebook(folder, 'stopped', [
      "console.log('started');",
      [
        'const controller = new AbortController();',
        "const loops = (globalThis as any)[Symbol.for('kernel.stop')] as Set<AbortController>;",
        'loops.add(controller);',
        'while (!controller.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));',
        'loops.delete(controller);',
        "console.log('saved');",
      ].join('\n'),
      "console.log('must not run');",
    ]);
    let asked = false;
    const run = await runNotebooks(folder, ['--no-html', file], (printed, runner) => {
      if (asked || !printed.includes("console.log('started')")) return;
      asked = true;
      setTimeout(() => runner.kill('SIGTERM'), 1500);
    });
    expect(run.exitCode).toBe(130);
    expect(run.results[0]?.status).toBe('stopped');
    const [, loop, next] = executedCells(folder, 'stopped');
    expect(joined(loop?.outputs[0]?.text)).toBe('saved\n');
    expect(next?.outputs).toEqual([]);
  }, 60_000);
});
