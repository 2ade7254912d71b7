/**
 * The cache of the Hugging Face hub, shared with Python: `models--<owner>--<name>` folders with `blobs` (named by their
 * checksum), `snapshots/<commit>` (links to blobs), `refs` (names of commits) and `trees` (lists of commits' files).
 */
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../atomic-write';
import { expandUser, hubSettings } from './environment';

/** The cache's folder. Default: HF_HUB_CACHE, HF_HOME/hub, or ~/.cache/huggingface/hub. */
export function hubCacheFolder(told?: string): string {
  return path.resolve(told === undefined ? hubSettings().cache : expandUser(told));
}

/** What a repository of the hub holds. */
export type RepoType = 'model' | 'dataset';

/** The folders of a repository in the cache. */
export function repoFolders(cache: string, id: string, type: RepoType = 'model') {
  const root = path.join(cache, `${type}s--${id.replace('/', '--')}`);
  return {
    root,
    blobs: path.join(root, 'blobs'),
    snapshot: (commit: string) => path.join(root, 'snapshots', commit),
    ref: (revision: string) => path.join(root, 'refs', ...revision.split('/')),
  };
}

export type RepoFolders = ReturnType<typeof repoFolders>;

/** The model whose snapshot a path lies in, or undefined. */
export function modelOfSnapshot(folder: string): string | undefined {
  const match = /[\\/]models--([^\\/]+)[\\/]snapshots[\\/][0-9a-f]{40}(?:[\\/]|$)/.exec(folder);
  return match?.[1]?.replace('--', '/');
}

/** Whether a revision is the whole name of a commit, whose files never change. */
export const isCommit = (revision: string) => /^[0-9a-f]{40}$/.test(revision);

/** Whether a path leads to a file; a link to a blob that is gone does not. */
export function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The commit that a revision was when the hub was last asked. */
export function readRef(folders: RepoFolders, revision: string): string | undefined {
  if (isCommit(revision)) return revision;
  const ref = folders.ref(revision);
  if (!isFile(ref)) return undefined;
  const commit = readFileSync(ref, 'utf8').trim();
  return isCommit(commit) ? commit : undefined;
}

/** Notes which commit a revision is. */
export function writeRef(folders: RepoFolders, revision: string, commit: string): void {
  if (readRef(folders, revision) === commit) return;
  const ref = folders.ref(revision);
  mkdirSync(path.dirname(ref), { recursive: true });
  writeFileAtomically(ref, [commit]);
}

/** Links a snapshot's file to its blob, relatively, as Python does; or copies it, where links are not wanted. */
export function linkBlob(pointer: string, blob: string): void {
  mkdirSync(path.dirname(pointer), { recursive: true });
  if (hubSettings().disableSymlinks) {
    rmSync(pointer, { force: true });
    copyFileSync(blob, pointer);
    return;
  }
  const target = path.relative(path.dirname(pointer), blob);
  try {
    if (readlinkSync(pointer) === target) return;
  } catch {
    // none yet
  }
  rmSync(pointer, { force: true });
  symlinkSync(target, pointer);
}
