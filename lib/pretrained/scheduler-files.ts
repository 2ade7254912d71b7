/** A scheduler's folder: scheduler_config.json, as diffusers writes it. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../io/atomic-write';
import { readJsonObject } from './model-files';

const SCHEDULER_CONFIG = 'scheduler_config.json';

/** @throws Error if the file is missing, or a key does not fit */
export function loadScheduler<S>(folder: string, type: { fromConfig(json: unknown): S }): S {
  return type.fromConfig(readJsonObject(path.join(folder, SCHEDULER_CONFIG)));
}

export function saveScheduler(
  folder: string,
  scheduler: { toJSON(): Record<string, unknown> },
): void {
  mkdirSync(folder, { recursive: true });
  const json = `${JSON.stringify(scheduler.toJSON(), null, 2)}\n`;
  writeFileAtomically(path.join(folder, SCHEDULER_CONFIG), [json]);
}
