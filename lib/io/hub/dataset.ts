/** Data sets of the hub: their files by choice, into the cache that Python's huggingface_hub shares. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { hubCacheFolder, isFile, readRef, repoFolders, type RepoFolders } from './cache';
import type { RequestOptions } from './download';
import { hubSettings, isTrue } from './environment';
import { HubError, IncompleteSnapshotError } from './errors';
import { fillSnapshot, type RepoToFill } from './fill-snapshot';
import { requestOptions, warn, type SnapshotOptions } from './index';
import { explain, isOfHub, listingOf, type Listing } from './listing';
import { checkModelId, checkRevision } from './names';
import { readTree } from './tree';

export type DatasetSnapshotOptions = Omit<SnapshotOptions, 'subfolder' | 'variant'>;

/** What of a data set is on this machine. */
export interface DatasetSnapshot {
  readonly folder: string;
  readonly commit: string;
  /** Paths of all of its files, also of those that were not chosen. */
  readonly files: readonly string[];
}

/** By the environment: huggingface_hub's variables, or the one of `datasets`. */
const isOffline = () => hubSettings().isOffline || isTrue(process.env['HF_DATASETS_OFFLINE']);

/**
 * Downloads a data set's chosen files; what is there already is not loaded again. If the hub cannot be reached and the
 * cache has them, they are given, with a warning.
 *
 * @param id for example `uoft-cs/cifar10`
 * @param choose of all paths, those wanted; may throw
 * @throws HubNameError for a bad id or revision; HubError if the hub refuses, or the data set is not in the cache in
 *   offline mode; IncompleteSnapshotError if only a part of it is; FolderLockedError if another process downloads it
 */
export async function downloadDataset(
  id: string,
  choose: (files: readonly string[]) => readonly string[],
  options: DatasetSnapshotOptions = {},
): Promise<DatasetSnapshot> {
  const { revision = 'main', onWarning = warn, onProgress } = options;
  checkModelId(id);
  checkRevision(revision);
  const folders = repoFolders(hubCacheFolder(options.cacheDir), id, 'dataset');
  const what = `${id} (${revision})`;
  if (options.offline ?? isOffline()) {
    return cached(
      folders,
      what,
      revision,
      choose,
      'Offline mode is on. Download it once with it off.',
    );
  }
  const request = requestOptions(options);
  let listed: Listing;
  try {
    listed = await listing(id, revision, folders, request);
  } catch (error) {
    if (!isOfHub(error)) throw error;
    const explained = explain(error, id, revision, 'dataset');
    if (options.signal?.aborted || readRef(folders, revision) === undefined) throw explained;
    const found = cached(folders, what, revision, choose, explained.message);
    onWarning(
      `${explained.message} What the cache has is used (commit ${found.commit}); the hub may have a newer one.`,
    );
    return found;
  }
  const paths = listed.files.map((file) => file.path);
  const wanted = new Set(choose(paths));
  const chosen = (all: Listing['files']) => all.filter((file) => wanted.has(file.path));
  const notices = { what, onWarning, onProgress };
  const repo: RepoToFill = { id, type: 'dataset', revision, choose: chosen, ...notices };
  await fillSnapshot(repo, folders, listed, request);
  return { folder: folders.snapshot(listed.commit), commit: listed.commit, files: paths };
}

function listing(
  id: string,
  revision: string,
  folders: RepoFolders,
  request: RequestOptions,
): Promise<Listing> {
  // With something to fall back to nobody waits for a hub that is not there.
  const patience = readRef(folders, revision) ? { ...request, maxRetries: 0 } : request;
  return listingOf(id, revision, folders, patience, 'dataset');
}

/** @throws HubError if the cache has not all that is wanted */
function cached(
  folders: RepoFolders,
  what: string,
  revision: string,
  choose: (files: readonly string[]) => readonly string[],
  why: string,
): DatasetSnapshot {
  const commit = readRef(folders, revision);
  const files = commit && readTree(folders.root, commit)?.map((file) => file.path);
  if (!commit || !files || !existsSync(folders.snapshot(commit))) {
    throw new HubError(`${what}: not in the cache ${folders.root}. ${why}`);
  }
  const folder = folders.snapshot(commit);
  const missing = choose(files).filter((name) => !isFile(path.join(folder, name)));
  if (missing.length > 0) throw new IncompleteSnapshotError(what, folder, missing, why);
  return { folder, commit, files };
}
