/** Stop ends loops of cells that never wait, before and after an `await`, and leaves a kernel that works. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryRoot } from '../support/temporary';
import { runStops, type StopOutcome } from './run-stops';

const wait = `await new Promise((r) => setTimeout(r, 20)); console.log('on'); await new Promise((r) => setTimeout(r, 20));`;

const folder = mkdtempSync(join(temporaryRoot, 'stop-loops-'));
const [spin, fib] = [join(folder, 'spin.ts'), join(folder, 'fib.ts')];
writeFileSync(spin, 'export function spin(): void { for (;;); }');
writeFileSync(
  fib,
  'export const fib = (n: number): number => n < 2 ? n : fib(n - 1) + fib(n - 2);',
);

/** A cell, one that is run after it, what that shows, and one that is run before it. */
const cells: Record<string, [cell: string, after: string, shown: string, before?: string]> = {
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
  // Without a loop.
  'of calls': [
    `const fib12 = (n: number): number => n < 2 ? n : fib12(n - 1) + fib12(n - 2); ${wait} fib12(90);`,
    '12',
    '12',
  ],
  'of calls, not awaited': [
    `console.log('on'); function fib13(n: number): number { return n < 2 ? n : fib13(n - 1) + fib13(n - 2) } fib13(90);`,
    '13',
    '13',
  ],
  'of a method': [
    `class Fib14 { get(n: number): number { return n < 2 ? n : this.get(n - 1) + this.get(n - 2) } } ${wait} new Fib14().get(90);`,
    '14',
    '14',
  ],
  'of a private method': [
    `class Fib15 { #get(n: number): number { return n < 2 ? n : this.#get(n - 1) + this.#get(n - 2) } run() { return this.#get(90) } } ${wait} new Fib15().run();`,
    '15',
    '15',
  ],
  'of a property': [
    `const fib16 = { get: (n: number): any => n < 2 ? { n } : [fib16.get(n - 1), fib16.get(n - 2)].length }; ${wait} fib16.get(90);`,
    '16',
    '16',
  ],
  'of calls that give objects': [
    `const tree17 = (n: number): any => ({ left: n && tree17(n - 1).depth, right: n && tree17(n - 1).depth, depth: n }); ${wait} tree17(90);`,
    '17',
    '17',
  ],
  'in a file of the user': [`${wait} (await import('${spin.slice(0, -3)}')).spin();`, '18', '18'],
  'of calls in a file': [`${wait} (await import('${fib.slice(0, -3)}')).fib(90);`, '19', '19'],
  'of callbacks': [
    `${wait} Array.from({ length: 1e9 }, () => { for (let i = 0; i < 1000; i++); });`,
    '20',
    '20',
  ],
  'in a getter': [
    `const odd21 = { get all() { for (;;); return 1 } }; ${wait} JSON.stringify(odd21);`,
    '21',
    '21',
  ],
  'in a comparison': [`${wait} [3, 1, 2].sort((a, b) => { for (;;); return a - b });`, '22', '22'],
  'that throws': [
    `console.log('on'); for (;;) { try { throw new Error('x') } catch (e) { String((e as Error).stack) } }`,
    '23',
    '23',
  ],
  'of timers': [`console.log('on'); for (;;) clearTimeout(setTimeout(() => {}, 1));`, '24', '24'],
  'of files': [
    `import { readdirSync as list25 } from 'node:fs'; console.log('on'); for (;;) { try { list25('/none') } catch { continue } }`,
    '25',
    '25',
  ],
  // What a stopped cell was waiting for comes later: its code does not go on.
  'that waits long': [
    "let got26 = 'nothing'; console.log('on'); await new Promise((r) => setTimeout(r, 1500)); got26 = 'more'; console.log('more');",
    'await new Promise((r) => setTimeout(r, 2000)); got26',
    "'nothing'",
  ],
  'that waits in a function': [
    `let got27 = 0; const slow27 = async () => { for (let i = 1; ; i++) { await new Promise((r) => setTimeout(r, 200)); got27 = i } };
console.log('on'); await slow27();`,
    'const was27 = got27; await new Promise((r) => setTimeout(r, 1000)); got27 - was27',
    '0',
  ],
  'that catches what comes later': [
    `let got28 = 0; console.log('on');
try { await new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 1500)) } catch { got28 = 1 } finally { got28 += 10 }`,
    'await new Promise((r) => setTimeout(r, 2000)); got28',
    '10',
  ],
  'over what comes later': [
    `let got29 = 0; async function* all29() { for (let i = 1; ; i++) { await new Promise((r) => setTimeout(r, 200)); yield i } }
console.log('on'); for await (const i of all29()) got29 = i;`,
    'const was29 = got29; await new Promise((r) => setTimeout(r, 1000)); got29 - was29',
    '0',
  ],
  // A loop of an earlier cell, whose promise is handled, keeps a cell from beginning: one Stop ends both.
  'kept waiting by an earlier cell': [
    'await new Promise(() => {})',
    '30',
    '30',
    `const late30 = (async () => { await new Promise((r) => setTimeout(r, 50)); for (;;); })().catch(() => 0);
await new Promise((r) => setTimeout(r, 10));`,
  ],
};

let outcomes: Record<string, StopOutcome>;

beforeAll(async () => {
  const plan = Object.entries(cells).map(
    ([name, [cell, after, , before]]) => [name, [cell, after, before]] as const,
  );
  outcomes = await runStops(folder, Object.fromEntries(plan));
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

it.each(Object.entries(cells))('%s', (name, [, , shown]) => {
  const { error, after } = outcomes[name]!;
  expect(error).toBe('Interrupted: the cell was stopped');
  expect(after).toBe(shown);
});
