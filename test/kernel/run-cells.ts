import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Row } from './cells/row';
import { runPython } from './run-python';

export interface Outcome {
  readonly text: string;
  readonly error: string | null;
  readonly mime: Record<string, unknown> | null;
}

/** Runs the cells of all rows on one kernel; what the last cell of each gives. */
export async function runCells(
  rows: string[][],
  folder: string,
  temporary: string,
): Promise<Outcome[]> {
  const [plan, result] = [join(temporary, 'plan.json'), join(temporary, 'result.json')];
  writeFileSync(plan, JSON.stringify(rows));
  await runPython('cells.py', plan, result, folder);
  return JSON.parse(readFileSync(result, 'utf8')) as Outcome[];
}

/** A row as `it.each` takes it needs its expectation met. */
export function expectRow([, , expected]: Row, { text, error }: Outcome): void {
  if (expected instanceof RegExp) {
    expect(error, text).toMatch(expected);
    return;
  }
  expect(error).toBeNull();
  if (expected !== null) expect(text).toBe(expected);
}
