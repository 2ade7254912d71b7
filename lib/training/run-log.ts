/** A run's steps as they are done, a line of JSON each in its folder: what another process watches. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { StepLog } from './history';

const FILE = 'history.jsonl';

/** Adds a step. */
export function logStep(runFolder: string, log: StepLog): void {
  mkdirSync(runFolder, { recursive: true });
  appendFileSync(path.join(runFolder, FILE), `${JSON.stringify(log)}\n`);
}

/**
 * The steps of a run so far. A run that went on from an earlier checkpoint has done some anew: the later ones count. A line
 * that is being written, or is no step, is left out.
 *
 * @returns undefined if the run keeps no log
 */
export function readRunLog(runFolder: string): StepLog[] | undefined {
  const file = path.join(runFolder, FILE);
  if (!existsSync(file)) return undefined;
  const logs: StepLog[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const log = parsed(line);
    if (!log) continue;
    while (logs.length > 0 && logs.at(-1)!.step >= log.step) logs.pop();
    logs.push(log);
  }
  return logs;
}

function parsed(line: string): StepLog | undefined {
  try {
    const log = JSON.parse(line) as StepLog;
    return Number.isInteger(log?.step) && Number.isFinite(log.loss) ? log : undefined;
  } catch {
    return undefined;
  }
}
