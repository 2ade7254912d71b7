/** Stop ends loops of cells that never wait, before and after an `await`, and leaves a kernel that works. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../support/script';
import { temporaryRoot } from '../support/temporary';
import { runPython } from './run-python';

const wait = `await new Promise((r) => setTimeout(r, 20)); console.log('on'); await new Promise((r) => setTimeout(r, 20));`;

/** A cell, one that is run after it, and what that shows. */
const cells: Record<string, [cell: string, after: string, shown: string]> = {
  'before an await': ["console.log('on'); for (;;);", '1', '1'],
  'after an await': [`${wait} while (true);`, '2', '2'],
  'with a body': [`let n3 = 0; ${wait} for (;;) { n3++ }`, 'n3 > 0', 'true'],
  'of a timer': [
    `setTimeout(() => { for (;;); }, 100); ${wait} await new Promise(() => {});`,
    '4',
    '4',
  ],
  'in a function of an earlier cell': [
    `const spin5 = () => { do {} while (true) }; ${wait} spin5();`,
    '5',
    '5',
  ],
  'that catches all': [`${wait} for (;;) { try { for (;;); } catch {} }`, '6', '6'],
  'with a finally': [
    `let done7 = false; ${wait} try { for (;;); } finally { done7 = true }`,
    'done7',
    'true',
  ],
  'of a generator': [
    `function* all8() { for (;;) yield 1 } ${wait} for (const _ of all8());`,
    '8',
    '8',
  ],
  'spread of a generator': [
    `function* all9() { while (true) yield undefined } ${wait} Math.max(0, ...(function* () { for (const _ of all9()); })());`,
    '9',
    '9',
  ],
  'of microtasks': [`${wait} for (;;) await null;`, '10', '10'],
  'that waits': [`${wait} for (;;) await new Promise((r) => setTimeout(r, 5));`, '11', '11'],
};

interface Outcome {
  readonly error: string | null;
  readonly seconds: number;
  readonly after: string;
}

const folder = mkdtempSync(join(temporaryRoot, 'stop-loops-'));
let outcomes: Record<string, Outcome>;

beforeAll(async () => {
  const [plan, result] = [join(folder, 'plan.json'), join(folder, 'result.json')];
  writeFileSync(plan, JSON.stringify(cells));
  await runPython('stop_loops.py', plan, result, join(root, 'notebooks'));
  outcomes = JSON.parse(readFileSync(result, 'utf8')) as Record<string, Outcome>;
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

it.each(Object.entries(cells))('%s', (name, [, , shown]) => {
  const { error, after } = outcomes[name]!;
  expect(error).toBe('Interrupted: the cell was stopped');
  expect(after).toBe(shown);
});
