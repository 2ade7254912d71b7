/** A scheduler's folder: scheduler_config.json, as diffusers writes it. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../io/atomic-write';
import { parseSchedulerConfig } from '../schedulers/by-class-name';
import { readJsonObject } from './model-files';

const SCHEDULER_CONFIG = 'scheduler_config.json';

/** @throws Error if the file is missing, is another class's, or a key does not fit */
export function loadScheduler<S>(
  folder: string,
  type: { readonly name: string; fromConfig(json: unknown): S },
): S {
  const json = readJsonObject(path.join(folder, SCHEDULER_CONFIG), parseSchedulerConfig);
  const { _class_name: className = type.name } = json;
  // fromConfig would take a sibling's; in a folder, model_index.json and this file have to agree.
  if (className !== type.name) {
    throw new Error(
      `${type.name}: expected a config of this class, got one of ${JSON.stringify(className).replaceAll('"', "'")}.`,
    );
  }
  return type.fromConfig(json);
}

export function saveScheduler(
  folder: string,
  scheduler: { toJSON(): Record<string, unknown> },
): void {
  mkdirSync(folder, { recursive: true });
  const json = `${JSON.stringify(scheduler.toJSON(), null, 2)}\n`;
  writeFileAtomically(path.join(folder, SCHEDULER_CONFIG), [json]);
}
