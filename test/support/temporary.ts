import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Where temporary folders go whose files are flushed a thousand times: in memory, where there is such a place. */
export const temporaryRoot = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const folders = new Set<string>();

/** A new folder, removed after the file's tests, be it asked for by one of them or before. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `${name}-`));
  folders.add(folder);
  return folder;
}

/** For `afterAll` of each file: one that a test registers itself is never called. */
export function removeTemporaryFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}
