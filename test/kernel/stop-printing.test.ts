/** Stop in the midst of printing: later cells print on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryRoot } from '../support/temporary';
import { runStops, type StopOutcome } from './run-stops';

/** Each prints without end, before it has waited for anything: Stop breaks it off wherever it is. */
const loops: Record<string, string> = {
  lines: `const long = 'x'.repeat(20_000); for (;;) console.log(long);`,
  errors: `for (;;) console.error('x'.repeat(20_000));`,
  strings: `for (;;) process.stdout.write('é'.repeat(20_000));`,
  bytes: `const bytes = Buffer.from('é'.repeat(20_000)); for (;;) process.stdout.write(bytes);`,
  'bytes on stderr': `for (;;) process.stderr.write(new Uint8Array(20_000).fill(65));`,
  corked: `for (;;) { process.stdout.cork(); process.stdout.write('x'.repeat(9000)); process.stdout.uncork(); }`,
  'half a character': `for (;;) process.stdout.write(Buffer.from('€'.repeat(5000)).subarray(0, -1));`,
  'past JavaScript': `import { writeSync } from 'node:fs'; for (;;) writeSync(1, 'x'.repeat(20_000));`,
  children: `import { execSync } from 'node:child_process'; for (;;) { try { execSync('echo x', { stdio: 'inherit' }) } catch { continue } }`,
  displays: `import * as tslab from 'tslab'; for (;;) tslab.display.text('x'.repeat(20_000));`,
  'a table': `for (;;) console.table([{ a: 1, b: 'x'.repeat(5000) }]);`,
  'a group': `for (;;) { console.group('x'.repeat(5000)); console.groupEnd(); }`,
};

/** Streams, and bytes past JavaScript. */
const after = `process.stdout.write('one '); console.error('two'); process.stdout.write(Buffer.from('three '));
import { writeSync as writeAll } from 'node:fs'; writeAll(1, 'four\\n'); console.log('five');`;

const folder = mkdtempSync(join(temporaryRoot, 'stop-printing-'));
let outcomes: Record<string, StopOutcome>;

beforeAll(async () => {
  const plan = Object.entries(loops).map(([name, loop], index) => {
    // A name is declared once in a notebook.
    const cell = loop.replace(/\b(long|bytes)\b/g, `$1${index}`);
    return [name, [`console.log('on');${cell}`, after]] as const;
  });
  outcomes = await runStops(folder, Object.fromEntries(plan));
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

it.each(Object.keys(loops))('%s', (name) => {
  const { error, after: printed } = outcomes[name]!;
  expect(error).toBe('Interrupted: the cell was stopped');
  expect(printed.replace(/^[x€\ufffd]*\n?/, '')).toBe('one two\nthree four\nfive\n');
});
