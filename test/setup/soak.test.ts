import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

interface Part {
  readonly name: string;
  readonly file: string;
}
const { SOAK_PARTS } = loadScript<{ SOAK_PARTS: Part[] }>('soak/parts.mjs');
const { rowsOf, soakFigures, soakTable, withTable } = loadScript<{
  rowsOf: (text: string, name: string) => string[];
  soakTable: (names: string[], results: Map<string, object>, document: string) => string;
  soakFigures: (
    names: string[],
    results: Map<string, object>,
    document: string,
    machine: string,
  ) => string;
  withTable: (text: string, table: string) => string;
}>('soak/report.mjs');

it('names files that there are', () => {
  for (const { file } of SOAK_PARTS) expect(fs.existsSync(path.join(root, file)), file).toBe(true);
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

  it('is none of the document where all parts were run here', () => {
    const machine = '8 CPU cores, Node 22.1.0';
    const all = new Map(names.map((name) => [name, { ...result, machine }]));
    const table = soakFigures(names, all, text, machine);
    expect(table.split('\n')[0]).toBe('On 8 CPU cores, Node 22.1.0:');
    const when = '2030-01-02, 3.0 min';
    expect(table.split('\n').slice(4)).toEqual(
      names.map((name) => `| a \\| b | all | \`npm run soak -- --only ${name}\`, ${when} |`),
    );
  });

  it('tells which rows are of another machine than those that stay', () => {
    const machine = '8 CPU cores, Node 22.1.0';
    const heading = /^On .*:$/m.exec(text)![0];
    const results = new Map([['kill', { ...result, machine }]]);
    const once = withTable(text, soakFigures(names, results, text, machine));
    expect(once).toContain(`\n${heading}\n`);
    expect(rowsOf(once, 'kill')).toEqual([
      '| a \\| b | all | `npm run soak -- --only kill`, 2030-01-02, 3.0 min, on 8 CPU cores, Node 22.1.0 |',
    ]);
    // Another run after that, in a clone without results, changes its own rows only.
    const later = new Map([['fuzz', { ...result, date: '2030-01-03' }]]);
    const twice = withTable(once, soakFigures(names, later, once, '2 CPU cores, Node 20.20.2'));
    for (const name of names.filter((name) => name !== 'fuzz')) {
      expect(rowsOf(twice, name)).toEqual(rowsOf(once, name));
    }
    expect(twice.slice(twice.indexOf('<!-- end'))).toBe(text.slice(text.indexOf('<!-- end')));
    expect(twice.slice(0, twice.indexOf('<!-- fig'))).toBe(text.slice(0, text.indexOf('<!-- fig')));
  });

  it('keeps the figures of a part whose tests were skipped here', () => {
    const skipped = new Map([['kill', { ...result, figures: [] }]]);
    const rows = (document: string) => rowsOf(document, 'kill');
    expect(rows(text).length).toBeGreaterThan(0);
    expect(rows(withTable(text, soakTable(names, skipped, text)))).toEqual(rows(text));
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

it('docs/reliability.md names tests and parts that there are', () => {
  const text = fs.readFileSync(path.join(root, 'docs', 'reliability.md'), 'utf8');
  const table = text.slice(text.indexOf('## What proves it'), text.indexOf('## Figures'));
  const rows = table
    .split('\n')
    .filter((row) => row.startsWith('| '))
    .slice(2);
  expect(rows.length).toBeGreaterThan(20);
  const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  const known = SOAK_PARTS.map(({ name }) => name);
  for (const row of rows) {
    const [tests, parts] = row.split(' | ').slice(-2) as [string, string];
    for (const name of quoted(tests).filter((name) => name.includes('/'))) {
      const file = path.join(root, 'test', name);
      const found = ['', '.test.ts', '.browser.ts'].some((end) => fs.existsSync(file + end));
      expect(found, `test/${name}`).toBe(true);
    }
    for (const part of quoted(parts)) expect(known).toContain(part);
  }
});
