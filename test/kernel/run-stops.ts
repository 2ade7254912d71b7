import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/script';
import { runPython } from './run-python';

/** A cell, and one that is run after it. */
export type StoppedCell = readonly [cell: string, after: string];

export interface StopOutcome {
  readonly error: string | null;
  readonly seconds: number;
  /** What the second cell shows. */
  readonly after: string;
}

/** Runs cells by name in one kernel, with Stop pressed in each half a second after it has printed something. */
export async function runStops(
  folder: string,
  cells: Readonly<Record<string, StoppedCell>>,
): Promise<Record<string, StopOutcome>> {
  const [plan, result] = [join(folder, 'plan.json'), join(folder, 'result.json')];
  writeFileSync(plan, JSON.stringify(cells));
  await runPython('stop_loops.py', plan, result, join(root, 'notebooks'));
  return JSON.parse(readFileSync(result, 'utf8')) as Record<string, StopOutcome>;
}
