import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';
import { temporaryFolder } from '../support/temporary';

interface Row {
  readonly mode: string;
  readonly part: string;
  readonly what?: string;
  readonly value?: number | null;
  readonly bound?: number;
  readonly error?: string;
}

const { isFine, lineOf, onCpu, rowsOf, verdictOf } = loadScript<{
  isFine: (row: Row) => boolean;
  lineOf: (row: Row) => string;
  onCpu: (card: string | null, isAsWanted: boolean) => string;
  rowsOf: (
    answers: readonly object[],
    parts: readonly string[],
    run: { mode: string; ended: string },
  ) => Row[];
  verdictOf: (rows: readonly Row[]) => string;
}>('gpu-check/report.mjs');

const row = (value: number | null, bound: number): Row => ({
  mode: 'tf32',
  part: 'losses',
  what: 'losses',
  value,
  bound,
});

describe('a line', () => {
  it.each<[value: number | null, bound: number, says: string]>([
    [1e-6, 1e-4, 'OK    tf32     losses: 1.0e-6 (at most 1.0e-4)'],
    [1e-4, 1e-4, 'OK    tf32     losses: 1.0e-4 (at most 1.0e-4)'],
    [2e-4, 1e-4, 'FAIL  tf32     losses: 2.0e-4 (at most 1.0e-4)'],
    [0, 0, 'OK    tf32     losses: 0 (at most 0)'],
    [1, 0, 'FAIL  tf32     losses: 1 (at most 0)'],
    [-12.25, 32, 'OK    tf32     losses: -12.25 (at most 32)'],
    [NaN, 1, 'FAIL  tf32     losses: NaN (at most 1)'],
    [Infinity, 1, 'FAIL  tf32     losses: Infinity (at most 1)'],
    [null, 1, 'FAIL  tf32     losses: nothing (at most 1)'], // NaN and infinity, as JSON has them
  ])('of %s with a bound of %s', (value, bound, says) => {
    expect(lineOf(row(value, bound))).toBe(says);
    expect(isFine(row(value, bound))).toBe(says.startsWith('OK'));
  });

  it('of a part that failed says why', () => {
    const failed = { mode: 'float32', part: 'stop', error: 'Error: no' };
    expect(lineOf(failed)).toBe('FAIL  float32  stop: Error: no');
  });
});

describe('the verdict', () => {
  it('is well only if all are', () => {
    expect(verdictOf([row(1, 2), row(2, 2)])).toBe('All 2 are within their bounds.');
    expect(verdictOf([row(1, 2), row(3, 2)])).toBe(
      '1 of 2 are not as they should be:\nFAIL  tf32     losses: 3 (at most 2)',
    );
    expect(verdictOf([])).toBe('Nothing was checked.');
  });
});

describe('the CPU', () => {
  it.each([
    [null, true, /^No GPU found: the CPU was checked\.$/],
    ['T4', true, /^T4 is not used, as SDM_DEVICE=cpu asks/],
    ['T4', false, /^FAIL {2}TensorFlow does not use T4: .*`npm run doctor` says why\.$/],
  ])('is checked with card %s, as wanted: %s', (card, isAsWanted, says) => {
    expect(onCpu(card, isAsWanted)).toMatch(says);
  });
});

describe('what a process answered', () => {
  const run = { mode: 'float32', ended: 'SIGSEGV' };
  const parts = ['models', 'stop'];

  it('is its rows, if each part came to its end', () => {
    const answers = [
      { device: { device: 'gpu' } },
      { part: 'models', what: 'a', value: 1, bound: 2 },
      { part: 'models', isDone: true },
      { part: 'stop', error: 'Error: no' },
      { part: 'stop', isDone: true },
    ];
    expect(rowsOf(answers, parts, run)).toEqual([
      { mode: 'float32', part: 'models', what: 'a', value: 1, bound: 2 },
      { mode: 'float32', part: 'stop', error: 'Error: no' },
    ]);
  });

  it('is a failure of each part that did not', () => {
    const answers = [{ part: 'models', what: 'a', value: 1, bound: 2 }];
    const error = 'did not come to its end: SIGSEGV';
    expect(rowsOf(answers, parts, run).filter((one) => !isFine(one))).toEqual([
      { mode: 'float32', part: 'models', error },
      { mode: 'float32', part: 'stop', error },
    ]);
    expect(rowsOf([], parts, run)).toHaveLength(2);
  });
});

interface Part {
  readonly name: string;
  readonly args: readonly string[];
  readonly shown: string;
  readonly seconds: number;
}
const { partsWithin, summaryOf } = loadScript<{
  partsWithin: (options: { minutes: number; 'as-is'?: boolean }) => Part[];
  summaryOf: (parts: readonly Part[], done: readonly object[]) => string;
}>('gpu-check/plan.mjs');

describe('the plan of a quarter of an hour', () => {
  it('has the check first, and time for the bench and the first epochs', () => {
    const parts = partsWithin({ minutes: 15 });
    expect(parts.map(({ name }) => name)).toEqual(['check', 'bench', 'blog', 'xla', 'best']);
    const [check, bench, blog] = parts.map(({ seconds }) => seconds) as [number, number, number];
    expect(check + bench + blog).toBeLessThanOrEqual(15 * 60);
    expect(partsWithin({ minutes: 30 })[0]!.seconds).toBe(2 * check);
    expect(partsWithin({ minutes: 5 })[0]!.seconds).toBe(check);
  });

  it('is of commands that there are', () => {
    for (const { args } of partsWithin({ minutes: 15, 'as-is': true })) {
      const [script, ...given] = args as [string, ...string[]];
      const { status, stderr } = spawnSync(
        process.execPath,
        [path.join(root, script), ...given, '--nosuch'],
        { encoding: 'utf8' },
      );
      expect(stderr).toContain('unknown option --nosuch');
      expect(status).toBe(2);
    }
  });

  it('tells what became of each part', () => {
    const parts = partsWithin({ minutes: 15 });
    const done = [
      { name: 'check', ended: 'exit code 0', seconds: 61.2 },
      { name: 'bench', ended: 'exit code 1', seconds: 300 },
      { name: 'blog', ended: 'SIGTERM', seconds: 180 },
    ];
    expect(summaryOf(parts, done).split('\n')).toEqual([
      'OK    check: exit code 0 after 61 s; runs/gpu/check.log',
      'FAIL  bench: exit code 1 after 300 s; runs/gpu/bench.log',
      'CUT   blog: SIGTERM after 180 s; runs/gpu/blog.log',
      expect.stringMatching(/^-- {4}xla: no time was left; npm run bench -- --device gpu --xla/),
      expect.stringMatching(/^-- {4}best: no time was left; npm run train -- --recipe best/),
    ]);
  });

  it('refuses to begin without a GPU', () => {
    const env = { ...process.env, CUDA_VISIBLE_DEVICES: '-1' };
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [path.join(root, 'scripts', 'gpu-all.mjs'), '--as-is'],
      { encoding: 'utf8', env },
    );
    expect(stderr).toMatch(
      /^gpu-all: expected a GPU, got none: .*\n\nWhat to do: `npm run doctor`/,
    );
    expect([status, stdout]).toEqual([1, '']);
  });
});

describe('npm run gpu-check', () => {
  const check = (script: string, ...args: string[]) =>
    spawnSync(process.execPath, [path.join(root, 'scripts', script), ...args], {
      encoding: 'utf8',
      env: { ...process.env, CUDA_VISIBLE_DEVICES: '-1' },
    });

  it('checks the CPU where there is no GPU, and keeps the figures', () => {
    const json = path.join(temporaryFolder('gpu-check'), 'figures.json');
    const { status, stdout } = check('gpu-check.mjs', '--only', 'losses,resume', '--json', json);
    expect(stdout).toMatch(/OK {4}float32 {2}twelve losses against PyTorch, .*float32: \d/);
    expect(stdout).toMatch(/All [34] are within their bounds\.\nFigures: /);
    expect(status).toBe(0);
    const found = JSON.parse(fs.readFileSync(json, 'utf8')) as Record<string, unknown>;
    expect(found).toMatchObject({ device: 'cpu', isWell: true });
    expect(found['rows']).toHaveLength(Number(/All (\d)/.exec(stdout)![1]));
  });

  it('tells why a part failed, and goes on', () => {
    const nothing = path.join(temporaryFolder('gpu-check'), 'none.json');
    const { stdout } = check('gpu-check/worker.cjs', 'float32', nothing, 'pictures', 'stop');
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
    const rows = rowsOf(answers, ['pictures', 'stop'], { mode: 'float32', ended: 'exit code 0' });
    expect(rows.map(isFine)).toEqual([false, true]);
    expect(rows[0]!.error).toContain('ENOENT');
  });
});
