/**
 * A run's folder of checkpoints: `checkpoint-<step>` folders, each with a manifest. Knows nothing of what is
 * in them.
 *
 * A save is staged in `.tmp-checkpoint-<step>-…` and renamed when complete. A checkpoint of the same step is
 * first moved to `.old-checkpoint-<step>-…` and counts as long as the new one is not in its place; so
 * whenever the process dies, each step is there as it was or as it is now.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { findDamage, readManifest } from './manifest';

const CHECKPOINT = /^checkpoint-(\d+)$/;
const OLD = /^\.old-checkpoint-(\d+)-/;
const STAGED = /^\.tmp-checkpoint-\d+-/;

/** One checkpoint of a run, finished or damaged. */
export interface CheckpointEntry {
  readonly step: number;
  readonly folder: string;
}

/** Told of a checkpoint that is passed over, and of what could not be cleaned up. */
export type OnWarning = (message: string) => void;

/** `min`: the lowest metric is the best. */
export type MetricMode = 'min' | 'max';

export const folderOfStep = (runFolder: string, step: number) =>
  path.join(runFolder, `checkpoint-${step}`);

function namesIn(runFolder: string): string[] {
  try {
    return fs.readdirSync(runFolder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** All checkpoints in rising order of steps, damaged ones too. Nothing is changed. */
export function listCheckpoints(runFolder: string): CheckpointEntry[] {
  const names = namesIn(runFolder);
  const find = (pattern: RegExp) =>
    names.flatMap((name) => {
      const match = pattern.exec(name);
      return match ? [{ step: Number(match[1]), folder: path.join(runFolder, name) }] : [];
    });
  const present = find(CHECKPOINT);
  const steps = new Set(present.map(({ step }) => step));
  const setAside = find(OLD).filter(({ step }) => !steps.has(step));
  return [...present, ...setAside].sort((a, b) => a.step - b.step);
}

/** The sound checkpoint with the most steps; each damaged one with more is told to `onWarning`. */
export function newestSound(runFolder: string, onWarning: OnWarning): CheckpointEntry | null {
  for (const entry of listCheckpoints(runFolder).reverse()) {
    const damage = findDamage(entry.folder);
    if (damage === null) return entry;
    onWarning(`${entry.folder} is passed over: ${damage}. The checkpoint before it is used.`);
  }
  return null;
}

const metricOf = ({ folder }: CheckpointEntry): number | null => {
  const manifest = readManifest(folder);
  return typeof manifest === 'string' || !Number.isFinite(manifest.metric) ? null : manifest.metric;
};

/** Of these, the one with the best finite metric; of equal ones the last. */
function bestOf(entries: readonly CheckpointEntry[], mode: MetricMode): CheckpointEntry | null {
  const sign = mode === 'min' ? 1 : -1;
  let best: { entry: CheckpointEntry; score: number } | null = null;
  for (const entry of entries) {
    const metric = metricOf(entry);
    if (metric === null) continue;
    if (best === null || sign * metric <= best.score) best = { entry, score: sign * metric };
  }
  return best?.entry ?? null;
}

/** The sound checkpoint with the best metric, or null if none was measured. */
export function bestSound(runFolder: string, mode: MetricMode, onWarning: OnWarning) {
  let entries = listCheckpoints(runFolder);
  for (;;) {
    const best = bestOf(entries, mode);
    const damage = best && findDamage(best.folder);
    if (damage === null) return best;
    onWarning(`${best?.folder} is passed over: ${damage}. The next best is used.`);
    entries = entries.filter((entry) => entry !== best);
  }
}

/**
 * Removes checkpoints, the sound ones with the most steps, the best and the one just saved excepted. Damaged ones
 * later than the one just saved stay too: they are not this run's to remove.
 */
export function prune(
  runFolder: string,
  saved: number,
  { keepLast, mode }: { readonly keepLast: number; readonly mode: MetricMode },
): void {
  const entries = listCheckpoints(runFolder);
  const sound = entries.filter(({ folder }) => findDamage(folder) === null);
  const best = bestOf(sound, mode);
  const keep = new Set([...sound.slice(-keepLast), ...(best ? [best] : [])]);
  for (const entry of entries) {
    if (keep.has(entry) || entry.step === saved || entry.step > saved) continue;
    fs.rmSync(entry.folder, { recursive: true, force: true });
  }
}

/**
 * Cleans up after a process that died while saving: staged checkpoints go, one that was set aside goes back
 * unless it was replaced. Only for the owner of the folder's lock.
 */
export function recover(runFolder: string): void {
  for (const name of namesIn(runFolder)) {
    const folder = path.join(runFolder, name);
    const step = OLD.exec(name)?.[1];
    if (step !== undefined && !fs.existsSync(folderOfStep(runFolder, Number(step)))) {
      fs.renameSync(folder, folderOfStep(runFolder, Number(step)));
    } else if (step !== undefined || STAGED.test(name)) {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
}
