/** Brings a snapshot's files into the cache. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { lockFolder, unlockFolder } from '../runs/folder-lock';
import { isFile, linkBlob, readRef, writeRef, type RepoFolders, type RepoType } from './cache';
import { downloadBlob, type RequestOptions } from './download';
import { explain, repoPath, type Listing } from './listing';
import { checksumOf, readTree, writeTree, type RepoFile } from './tree';

export interface HubProgress {
  /** The file that is being downloaded. */
  readonly file: string;
  /** Bytes of all files so far, and in all. */
  readonly received: number;
  readonly total: number;
}

export interface RepoToFill {
  readonly id: string;
  /** Default: `model`. */
  readonly type?: RepoType;
  /** Which files are downloaded. */
  readonly choose: (files: readonly RepoFile[]) => readonly RepoFile[];
  readonly revision: string;
  /** Both, for messages. */
  readonly what: string;
  readonly onWarning: (message: string) => void;
  readonly onProgress: ((progress: HubProgress) => void) | undefined;
}

/**
 * Downloads what the cache does not have of a repository's snapshot, and notes which commit the revision is.
 *
 * @throws HubError if the hub refuses or cannot be reached, or no weights can be read; FolderLockedError; the file
 *   system's error
 */
export async function fillSnapshot(
  repo: RepoToFill,
  folders: RepoFolders,
  { commit, files }: Listing,
  request: RequestOptions,
): Promise<void> {
  const { id, type = 'model', revision, onWarning, onProgress } = repo;
  const wanted = repo.choose(files);
  const pointer = (file: RepoFile) => path.join(folders.snapshot(commit), ...file.path.split('/'));
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  let received = 0;
  const counter = (file: RepoFile) => (bytes: number) => {
    received += bytes;
    onProgress?.({ file: file.path, received, total });
  };
  const isWhole = wanted.every((file) => isFile(pointer(file)));
  // A cache that needs nothing is not written to: it may be another user's.
  if (!isWhole) mkdirSync(folders.blobs, { recursive: true });
  if (readTree(folders.root, commit) === undefined) writeTree(folders.root, commit, files);
  // Noted at once, so that a part is known for one; but what a revision was stays until the new snapshot is whole.
  if (!isWhole && readRef(folders, revision) === undefined) writeRef(folders, revision, commit);
  if (!isWhole) lockFolder(folders.blobs);
  try {
    for (const file of wanted) {
      if (isFile(pointer(file))) counter(file)(file.size);
      else
        await downloadFile(
          { id, type },
          folders,
          commit,
          file,
          request,
          counter(file),
          pointer(file),
        );
    }
  } catch (error) {
    throw explain(error, id, revision, type);
  } finally {
    if (!isWhole) unlockFolder(folders.blobs);
  }
  try {
    writeRef(folders, revision, commit);
  } catch (error) {
    onWarning(
      `${id}: cannot note in ${folders.ref(revision)} which commit it is: ${String(error)}`,
    );
  }
}

async function downloadFile(
  { id, type }: { id: string; type: RepoType },
  folders: RepoFolders,
  commit: string,
  file: RepoFile,
  request: RequestOptions,
  onBytes: (count: number) => void,
  pointer: string,
): Promise<void> {
  const checksum = checksumOf(file);
  const blob = path.join(folders.blobs, checksum);
  const where = file.path.split('/').map(encodeURIComponent).join('/');
  const source = {
    name: `${id}/${file.path}`,
    size: file.size,
    checksum,
    url: `${request.endpoint}/${repoPath(id, type)}/resolve/${commit}/${where}`,
  };
  if (existsSync(blob)) onBytes(file.size);
  else await downloadBlob(source, blob, request, onBytes);
  linkBlob(pointer, blob);
}
