import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/script';
import { runPython } from './run-python';

/** A cell, one that is run after it, and one before it that keeps it waiting. */
export type StoppedCell = readonly [cell: string, after: string, before?: string];

export interface StopOutcome {
  readonly error: string | null;
  readonly seconds: number;
  /** What the second cell shows. */
  readonly after: string;
}

const plans = (cells: Readonly<Record<string, StoppedCell>>) =>
  Object.fromEntries(
    Object.entries(cells).map(([name, [cell, after, before = null]]) => [
      name,
      [cell, after, before],
    ]),
  );

/** Runs cells by name in one kernel, with Stop pressed in each half a second after it has printed something. */
export async function runStops(
  folder: string,
  cells: Readonly<Record<string, StoppedCell>>,
): Promise<Record<string, StopOutcome>> {
  const [plan, result] = [join(folder, 'plan.json'), join(folder, 'result.json')];
  writeFileSync(plan, JSON.stringify(plans(cells)));
  await runPython('stop_loops.py', plan, result, join(root, 'notebooks'));
  return JSON.parse(readFileSync(result, 'utf8')) as Record<string, StopOutcome>;
}
