/** Stop on the real kernel, in cells that draw with the model that ships. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../support/script';
import { temporaryRoot } from '../support/temporary';
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
  const file = path.join(folder, 'result.json');
  await runPython('stop.py', file, path.join(root, 'notebooks'));
  result = JSON.parse(readFileSync(file, 'utf8')) as typeof result;
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

it('leaves a kernel that draws', () => {
  expect(result['next']).toMatchObject({ status: 'ok', shown: ["'1,28,28,1'"] });
});
