/** Stop on the real kernel, in cells that draw with the model that ships. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../support/script';
import { temporaryRoot } from '../support/temporary';
import { TINY_TEXT, TINY_UNET } from '../support/tiny-configs';
import { runPython } from './run-python';

interface Outcome {
  readonly status: 'ok' | 'error';
  readonly shown: readonly unknown[];
  /** Between what it first printed, when Stop was pressed, and its end. */
  readonly seconds: number;
}

const folder = mkdtempSync(path.join(temporaryRoot, 'stop-kernel-'));
let result: Record<string, Outcome> & { calls: unknown[] };

beforeAll(async () => {
  const [plan, file] = ['plan.json', 'result.json'].map((name) => path.join(folder, name));
  writeFileSync(plan!, JSON.stringify({ unet: TINY_UNET, text: TINY_TEXT }));
  await runPython('stop.py', plan!, file!, path.join(root, 'notebooks'));
  result = JSON.parse(readFileSync(file!, 'utf8')) as typeof result;
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true }));

it("ends a sweep at once, and shows one line; what was whole is still the cell's", () => {
  const { status, shown, seconds } = result['sweep']!;
  expect(status).toBe('error');
  expect(shown).toEqual([
    'on 5',
    [expect.stringMatching(/^Interrupted: The sampling was stopped after step \d+ of 200/)],
  ]);
  expect(seconds).toBeLessThan(10);
  expect(result['rows']!.shown).toEqual(['1']);
});

it('ends a loop that catches everything: each further call is refused', () => {
  expect(result['caught']!.shown).toEqual(['on 0', 'refused 3']);
});

it('breaks off one without an end by a second Stop, and nothing of it goes on', () => {
  const { status, shown } = result['caught without an end']!;
  expect(status).toBe('error');
  expect(shown.at(-1)).toEqual([expect.stringMatching(/^Interrupted/)]);
  expect(result.calls[1]).toEqual(result.calls[0]);
});

it.each(['evaluation', 'progress'])('ends an %s', (name) => {
  expect(result[name]!.status).toBe('error');
  expect(result[name]!.shown.at(-1)).toEqual([expect.stringMatching(/^Interrupted: /)]);
});

it.each(['sampling', 'sampling of a cell before', 'training', 'evaluation'])(
  'ends a cell whose %s nobody awaits, and what it has begun',
  (name) => {
    const { status, shown, seconds } = result[`not awaited: ${name}`]!;
    expect(status).toBe('error');
    expect(shown.at(-1)).toEqual(['Interrupted: the cell was stopped']);
    expect(shown.join('\n')).not.toContain('Unhandled');
    expect(seconds).toBeLessThan(50);
  },
);

it('tells a handler of what was not awaited that it was stopped', () => {
  const { status, shown } = result['not awaited: sampling, with then']!;
  expect([status, ...shown]).toEqual(['error', 'on 4', 'Interrupted', expect.anything()]);
});

it('ends a training that nobody awaits as any other', () => {
  expect(result['trained']!.shown).toEqual(['true false']);
});

it.each([
  ['through functions', 'saved true'],
  ['through promises', 'saved true'],
  ['beside another', 'saved'],
])('lets a cell go on behind a training that it awaits %s', (name, said) => {
  const { status, shown } = result[`goes on: ${name}`]!;
  expect(shown.at(-1)).toEqual(said);
  expect(status).toBe('ok');
});

it('leaves a kernel that draws', () => {
  expect(result['next']).toMatchObject({ status: 'ok', shown: ["'1,28,28,1'"] });
});
