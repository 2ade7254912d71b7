import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file whole or not at all: into a new file of the same folder, flushed to the disk, then
 * renamed over `path`. If anything fails, what was at `path` is untouched and nothing is left aside.
 *
 * @param pieces the content, piece by piece
 * @throws the file system's error
 */
export function writeFileAtomically(path: string, pieces: Iterable<Uint8Array | string>): void {
  const target = followLinks(path);
  const folder = dirname(target);
  const aside = join(
    folder,
    `.${basename(target).slice(0, 100)}.${process.pid}.${randomUUID()}.tmp`,
  );
  const file = fs.openSync(aside, 'wx');
  try {
    try {
      for (const piece of pieces)
        writeAll(file, typeof piece === 'string' ? Buffer.from(piece) : piece);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(aside, target);
  } catch (error) {
    fs.rmSync(aside, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** A link stays a link: the file it points to is replaced. */
function followLinks(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return path; // not there yet
  }
}

/** One call may write less than it was given. */
function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += fs.writeSync(file, bytes, done, bytes.length - done);
  }
}

/** What file systems answer that keep no folder to flush. */
const NO_FOLDER_TO_FLUSH = ['EINVAL', 'ENOTSUP', 'ENOSYS', 'EISDIR', 'EBADF', 'EACCES', 'EPERM'];

/**
 * Flushes a folder, so that a file's new name lasts through a power cut.
 *
 * @throws the file system's error, unless it is one that cannot flush folders
 */
export function syncFolder(folder: string): void {
  let handle: number | undefined;
  try {
    handle = fs.openSync(folder, 'r');
    fs.fsyncSync(handle);
  } catch (error) {
    if (!NO_FOLDER_TO_FLUSH.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    if (handle !== undefined) fs.closeSync(handle);
  }
}
