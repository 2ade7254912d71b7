import { findSnapshot, type SnapshotChoice } from '../../../lib/io/hub/snapshots';

/** The snapshot that the cache has whole of a revision, or null. */
export function cachedSnapshot(id: string, choice: SnapshotChoice = {}): string | null {
  const found = findSnapshot(id, choice);
  return found?.missing.length === 0 ? found.folder : null;
}
