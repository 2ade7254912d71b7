/** One process at a time writes to a run's folder. */
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import * as path from 'node:path';

const LOCK_FILE = '.lock';

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the kernel's ticks: a pid is used again after its process has ended. */
  readonly started: string;
}

/** Another process writes to the folder. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError';

  constructor(
    readonly folder: string,
    readonly pid: number,
    readonly host: string,
  ) {
    super(
      `${folder}: expected to be the only one that writes here, but process ${pid} on ${host} does. ` +
        'Stop that one (a second notebook on the same run?), or choose another folder. If it no ' +
        `longer runs, remove ${path.join(folder, LOCK_FILE)}.`,
    );
  }
}

/** The folders that this process has taken, by real path. They are freed when it ends. */
const held = new Set<string>();

/**
 * Takes a folder for this process, until it ends or `unlockFolder` is called. Taking it twice is no error. The lock of a
 * process of this machine that has ended is taken over.
 *
 * @throws FolderLockedError naming the owner; the file system's error
 */
export function lockFolder(folder: string): void {
  const lock = path.join(fs.realpathSync(folder), LOCK_FILE);
  if (held.has(lock) && readOwner(lock)?.pid === process.pid) return;
  const mine = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid) ?? '',
  } satisfies Owner);
  const aside = `${lock}.${process.pid}.${randomUUID()}`;
  try {
    fs.writeFileSync(aside, mine);
    while (!linked(aside, lock) && readText(lock) !== mine) removeIfStale(folder, lock, aside);
  } finally {
    fs.rmSync(aside, { force: true });
  }
  if (held.size === 0) process.once('exit', unlockAll);
  held.add(lock);
}

/** Gives a folder back; nothing happens if this process does not have it. */
export function unlockFolder(folder: string): void {
  const lock = path.join(fs.realpathSync(folder), LOCK_FILE);
  if (!held.delete(lock)) return;
  if (readOwner(lock)?.pid === process.pid) fs.rmSync(lock, { force: true });
  if (held.size === 0) process.removeListener('exit', unlockAll);
}

function unlockAll(): void {
  for (const lock of held) {
    try {
      if (readOwner(lock)?.pid === process.pid) fs.rmSync(lock, { force: true });
    } catch {
      // the process ends; a stale lock is known by its owner's pid
    }
  }
}

/** Making a hard link fails where the name is taken, so of two processes one succeeds. */
function linked(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a lock whose owner has ended; throws if it lives. */
function removeIfStale(folder: string, lock: string, aside: string): void {
  const owner = readOwner(lock);
  if (owner === null) return; // its owner has removed it meanwhile
  if (owner !== undefined && isAlive(owner)) {
    throw new FolderLockedError(folder, owner.pid, owner.host);
  }
  // Only one process succeeds in a rename. What it got may be a new owner's lock by now: that goes back.
  const taken = `${aside}.stale`;
  try {
    fs.renameSync(lock, taken);
  } catch {
    return;
  }
  const got = readOwner(taken);
  if (got && isAlive(got)) linked(taken, lock);
  fs.rmSync(taken, { force: true });
}

function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @returns null if there is no lock, undefined if its owner died while writing it */
function readOwner(lock: string): Owner | null | undefined {
  const text = readText(lock);
  if (text === null) return null;
  try {
    const owner = JSON.parse(text) as Owner;
    return Number.isInteger(owner.pid) && owner.pid > 0 ? owner : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, host, started }: Owner): boolean {
  if (host !== hostname()) return true; // a process of another machine cannot be looked up
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const start = startOf(pid);
  return start === undefined || start === started;
}

/** Field 22 of /proc/<pid>/stat; undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
