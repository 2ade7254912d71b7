import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

interface Part {
  readonly name: string;
  readonly file: string;
}
const { partsNamed, SOAK_PARTS } = loadScript<{
  partsNamed: (values: string[]) => { chosen?: Part[]; problem?: string };
  SOAK_PARTS: Part[];
}>('soak/parts.mjs');
const { rowsOf, soakTable, withTable } = loadScript<{
  rowsOf: (text: string, name: string) => string[];
  soakTable: (names: string[], results: Map<string, object>, document: string) => string;
  withTable: (text: string, table: string) => string;
}>('soak/report.mjs');

const chosen = (...values: string[]) => partsNamed(values).chosen?.map(({ name }) => name);

describe('--only', () => {
  it.each<[string[], string[]]>([
    [['kill'], ['kill']],
    [['kill,fuzz'], ['kill', 'fuzz']],
    [['fuzz,kill'], ['kill', 'fuzz']],
    [
      ['kill', 'fuzz'],
      ['kill', 'fuzz'],
    ],
    [['kill, fuzz'], ['kill', 'fuzz']],
    [['kill', 'kill,kill'], ['kill']],
    [[], []],
  ])('%j are %j', (values, names) => expect(chosen(...values)).toEqual(names));

  it.each([
    ['kil', 'got kil.'],
    ['kill,fuz', 'got fuz.'],
    ['', 'got an empty name.'],
    ['kill,', 'got an empty name.'],
    ['KILL', 'got KILL.'],
  ])('refuses %j, naming the parts', (value, message) => {
    expect(partsNamed([value]).problem).toBe(
      `--only: expected parts among ${SOAK_PARTS.map(({ name }) => name).join(', ')}; ${message}`,
    );
  });

  it('names files that there are', () => {
    for (const { file } of SOAK_PARTS)
      expect(fs.existsSync(path.join(root, file)), file).toBe(true);
  });
});

describe('the table of docs/reliability.md', () => {
  const text = fs.readFileSync(path.join(root, 'docs', 'reliability.md'), 'utf8');
  const names = SOAK_PARTS.map(({ name }) => name);
  const figures = [{ promise: 'a | b', found: 'all' }];
  const result = { date: '2030-01-02', minutes: 3, failed: false, figures };

  it('keeps the figures of the parts that were not run', () => {
    const before = names.flatMap((name) => rowsOf(text, name));
    expect(before.length).toBeGreaterThan(20);
    const table = soakTable(names, new Map([['kill', result]]), text);
    const after = names.flatMap((name) => rowsOf(withTable(text, table), name));
    const others = (rows: string[]) => rows.filter((row) => !row.includes('--only kill`'));
    expect(others(after)).toEqual(others(before));
    expect(after[0]).toBe('| a \\| b | all | `npm run soak -- --only kill`, 2030-01-02, 3.0 min |');
    expect(table).not.toContain('not run');
  });

  it('tells of a part that was never run, and of one that failed', () => {
    const empty = '<!-- figures of the last run -->\n<!-- end of figures -->';
    const table = soakTable(
      ['kill', 'fuzz'],
      new Map([['fuzz', { ...result, failed: true }]]),
      empty,
    );
    expect(table.split('\n').slice(2)).toEqual([
      '| (all of it) | not run | `npm run soak -- --only kill` |',
      '| (all of it) | **failed** | `npm run soak -- --only fuzz`, 2030-01-02, 3.0 min |',
    ]);
    // A row of "not run" is no figure to keep.
    expect(rowsOf(withTable(empty, table), 'kill')).toEqual([]);
  });
});
