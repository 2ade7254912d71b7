/** Folders that one training has for itself for a while. */
import { lockFolder, unlockFolder } from './folder-lock';

export class HeldFolders {
  private readonly folders = new Set<string>();

  /**
   * Takes a folder until `freeAll`; again is no error.
   *
   * @throws FolderLockedError if another process has it; the file system's error
   */
  take(folder: string): void {
    lockFolder(folder, this);
    this.folders.add(folder);
  }

  /** Gives all of them back, as far as nobody else of this process has them. */
  freeAll(): void {
    for (const folder of this.folders) {
      try {
        unlockFolder(folder, this);
      } catch {
        // A file system that fails: it is freed when the process ends.
      }
    }
    this.folders.clear();
  }
}
