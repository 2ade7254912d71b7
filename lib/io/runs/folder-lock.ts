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
  /** The notebook whose kernel it is, as Jupyter's server names it to its kernels. */
  readonly notebook?: string;
}

/** Another process writes to the folder. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError';

  constructor(
    folder: string,
    readonly pid: number,
    readonly host: string,
    /** The notebook that has it, if it is one and is known. */
    readonly notebook?: string,
  ) {
    const absolute = path.resolve(folder);
    const process = `process ${pid} on ${host}`;
    const who = notebook === undefined ? process : `the notebook ${notebook} (${process})`;
    super(
      `${absolute}: expected to be the only one that writes here, but ${who} does. ` +
        'Stop its training' +
        (notebook === undefined ? ' (a second notebook on the same run?)' : '') +
        ', or choose another folder. If it no ' +
        `longer runs, remove ${path.join(absolute, LOCK_FILE)}.`,
    );
    this.folder = absolute;
  }

  readonly folder: string;
}

/** The folders that this process has taken, by real path, and for whom. They are freed when it ends. */
const held = new Map<string, Set<object>>();

/** Who has a folder if nobody in particular has: the process. */
const PROCESS = {};

/** The running kernel's notebook, from the environment that jupyter_server ≥ 2 gives its kernels. */
function ownNotebook(): { notebook?: string } {
  const name = process.env['JPY_SESSION_NAME'];
  return name ? { notebook: path.basename(name) } : {};
}

/**
 * Takes a folder for this process, until it ends or `unlockFolder` is called for each holder. Taking it twice is no error.
 * The lock of a process of this machine that has ended is taken over.
 *
 * @param holder whoever of this process needs it. Default: the process
 * @throws FolderLockedError naming the owner; the file system's error
 */
export function lockFolder(folder: string, holder: object = PROCESS): void {
  const lock = path.join(fs.realpathSync(folder), LOCK_FILE);
  const holders = held.get(lock);
  if (holders && readOwner(lock)?.pid === process.pid) {
    holders.add(holder);
    return;
  }
  const mine = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid) ?? '',
    ...ownNotebook(),
  } satisfies Owner);
  const aside = `${lock}.${process.pid}.${randomUUID()}`;
  try {
    fs.writeFileSync(aside, mine);
    while (!linked(aside, lock) && readText(lock) !== mine) removeIfStale(folder, lock, aside);
  } finally {
    fs.rmSync(aside, { force: true });
  }
  if (held.size === 0) process.once('exit', unlockAll);
  held.set(lock, new Set([...(holders ?? []), holder]));
}

/** Gives a folder back, once its last holder does; nothing happens for one who does not have it. */
export function unlockFolder(folder: string, holder: object = PROCESS): void {
  if (!fs.existsSync(folder)) return; // removed meanwhile, with its lock
  const lock = path.join(fs.realpathSync(folder), LOCK_FILE);
  const holders = held.get(lock);
  if (!holders?.delete(holder) || holders.size > 0) return;
  held.delete(lock);
  if (readOwner(lock)?.pid === process.pid) fs.rmSync(lock, { force: true });
  if (held.size === 0) process.removeListener('exit', unlockAll);
}

/** Whether a living process has the folder, this one too. */
export function isLocked(folder: string): boolean {
  const owner = readOwner(path.join(folder, LOCK_FILE));
  return owner !== null && owner !== undefined && isAlive(owner);
}

function unlockAll(): void {
  for (const lock of held.keys()) {
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
    throw new FolderLockedError(folder, owner.pid, owner.host, owner.notebook);
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
