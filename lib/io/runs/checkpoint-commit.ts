/** Saving a checkpoint all or nothing. */
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { syncFolder } from '../atomic-write';
import {
  folderOfStep,
  listCheckpoints,
  prune,
  recover,
  type MetricMode,
  type OnWarning,
} from './checkpoint-folder';
import { HeldFolders } from './held-folders';
import { findDamage, writeManifest } from './manifest';

/** A checkpoint could not be saved; those before it are as they were. */
export class CheckpointSaveError extends Error {
  override readonly name = 'CheckpointSaveError';

  constructor(
    readonly folder: string,
    /** The file system's, for example ENOSPC. */
    readonly code: string,
    message: string,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

export interface CommitOptions {
  /** How many checkpoints of the run to keep, beside the best; 1 or more. */
  readonly keepLast: number;
  /** What this checkpoint was measured by; a NaN is never the best. */
  readonly metric?: number | null;
  readonly mode?: MetricMode;
  readonly onWarning: OnWarning;
  /** Who keeps the folder afterwards. Default: nobody. */
  readonly holder?: HeldFolders | undefined;
}

/**
 * Saves `checkpoint-<step>`: written aside by `write`, completed by a manifest, flushed to the disk file by file and
 * folder by folder, renamed, and only then older ones are removed.
 *
 * @param write writes the content into the folder it is given
 * @returns the checkpoint's folder
 * @throws FolderLockedError if another process writes here; CheckpointSaveError for an error of the
 *   file system (disk full, read only), naming folder and bytes; Error if a later checkpoint is there. What
 *   was there before is then untouched.
 */
export function commitCheckpoint(
  runFolder: string,
  step: number,
  write: (folder: string) => void,
  options: CommitOptions,
): string {
  const folder = folderOfStep(runFolder, step);
  const tag = `checkpoint-${step}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const aside = path.join(runFolder, `.tmp-${tag}`);
  const old = path.join(runFolder, `.old-${tag}`);
  const metric = Number.isFinite(options.metric) ? (options.metric as number) : null;
  const forNow = new HeldFolders();
  try {
    fs.mkdirSync(runFolder, { recursive: true });
    (options.holder ?? forNow).take(runFolder);
    recover(runFolder);
    refuseLater(runFolder, step);
    fs.mkdirSync(aside);
    write(aside);
    writeManifest(aside, metric);
    syncTree(aside);
    swapIn(aside, folder, old);
  } catch (error) {
    const bytes = removeQuietly(aside);
    if (fs.existsSync(folder)) removeQuietly(old); // the last flush failed, when all was in place
    forNow.freeAll();
    throw described(error, folder, bytes);
  }
  try {
    fs.rmSync(old, { recursive: true, force: true });
    prune(runFolder, step, { keepLast: options.keepLast, mode: options.mode ?? 'min' });
  } catch (error) {
    options.onWarning(
      `${folder} is saved, but older ones could not be removed: ${(error as Error).message}`,
    );
  } finally {
    forNow.freeAll();
  }
  return folder;
}

/** A later checkpoint is of another run: it would be taken for the latest of this one. */
function refuseLater(runFolder: string, step: number): void {
  const later = listCheckpoints(runFolder).filter((entry) => entry.step > step);
  const sound = later.find(({ folder }) => findDamage(folder) === null);
  if (sound === undefined) return;
  throw new Error(
    `${runFolder}: expected no checkpoint later than step ${step}, which is to be saved, but there is ` +
      `${path.basename(sound.folder)}. Go on from it (sd.resumeTraining(folder, trainer)), or choose another folder for a new run.`,
  );
}

function syncTree(folder: string): void {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) syncTree(path.join(folder, entry.name));
  }
  syncFolder(folder);
}

/** Two renames, since a folder that is not empty cannot be renamed over. */
function swapIn(aside: string, folder: string, old: string): void {
  const replaces = fs.existsSync(folder);
  if (replaces) fs.renameSync(folder, old);
  try {
    fs.renameSync(aside, folder);
  } catch (error) {
    if (replaces) fs.renameSync(old, folder);
    throw error;
  }
  syncFolder(path.dirname(folder));
}

/** @returns the bytes that were removed */
function removeQuietly(folder: string): number {
  try {
    const bytes = sizeOf(folder);
    fs.rmSync(folder, { recursive: true, force: true });
    return bytes;
  } catch {
    return 0; // the next save cleans up
  }
}

function sizeOf(folder: string): number {
  if (!fs.existsSync(folder)) return 0;
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries.reduce((sum, entry) => {
    const file = path.join(folder, entry.name);
    return sum + (entry.isDirectory() ? sizeOf(file) : fs.statSync(file).size);
  }, 0);
}

/** Turns an error of the file system into one that says what to do; others stay as they are. */
function described(error: unknown, folder: string, written: number): unknown {
  const code = fileSystemCode(error);
  if (code === undefined) return error;
  const remedy =
    {
      ENOSPC: 'Free some space or choose a folder on another disk.',
      EDQUOT: 'Your quota is used up: free some space or choose another folder.',
      EROFS: 'The file system is read-only: choose a folder that can be written.',
      EACCES: 'Choose a folder that you may write to.',
      EPERM: 'Choose a folder that you may write to.',
    }[code] ?? 'Look after the disk, or choose another folder.';
  return new CheckpointSaveError(
    folder,
    code,
    `${folder} could not be saved (${(error as Error).message}) after ${written} bytes; ` +
      `${freeBytes(path.dirname(folder))}. The checkpoints before it are as they were. ${remedy}`,
    error,
  );
}

function fileSystemCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code, syscall } = at as NodeJS.ErrnoException;
    if (syscall !== undefined && code !== undefined) return code;
  }
  return undefined;
}

function freeBytes(folder: string): string {
  try {
    const { bavail, bsize } = fs.statfsSync(folder);
    return `${bavail * bsize} bytes are free`;
  } catch {
    return 'the folder cannot be asked for its free space';
  }
}
