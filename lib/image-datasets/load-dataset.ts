/** A data set of the hub as images with captions. */
import path from 'node:path';
import { downloadDataset, type DatasetSnapshotOptions } from '../io/hub/dataset';
import { definedKeys, requireRecord, requireText } from '../options';
import type { LoadedImages } from './collect';
import { DatasetError, listed } from './errors';
import {
  checkImageFolderOptions,
  findSamples,
  load,
  loadImageFolder,
  type ImageFolderOptions,
} from './load-image-folder';
import { isData } from './walk';

export interface LoadDatasetOptions
  extends ImageFolderOptions, Omit<DatasetSnapshotOptions, 'onProgress' | 'signal'> {
  /** Only the files below this folder of the repository, as one of several configurations. */
  readonly dataDir?: string | undefined;
  /** Told of the bytes that are downloaded. */
  readonly onDownload?: DatasetSnapshotOptions['onProgress'];
}

/**
 * Downloads a data set of the hub, of whichever kind `loadImageFolder` reads, and reads it. Only the split's files are
 * downloaded, into the cache that Python shares; from there it is read without the network, too.
 *
 * @param id for example `uoft-cs/cifar10`; or a folder's path, which begins with `.`, `/` or `~`
 * @throws as `downloadDataset` and `loadImageFolder`
 */
export async function loadDataset(id: string, options: LoadDatasetOptions): Promise<LoadedImages> {
  requireText('loadDataset', id, "a data set's id as 'owner/name', or a folder");
  requireRecord('loadDataset', options, 'options such as { size: 32 }');
  const { revision, cacheDir, token, offline, endpoint, onWarning, retryDelay, maxRetries } =
    options;
  const { dataDir, onDownload, ...others } = options;
  const hub = { revision, cacheDir, token, offline, endpoint, onWarning, retryDelay, maxRetries };
  const rest = Object.fromEntries(
    Object.entries(others).filter(([name]) => !Object.hasOwn(hub, name)),
  ) as unknown as ImageFolderOptions;
  const o = checkImageFolderOptions('loadDataset', rest);
  if (typeof id === 'string' && (/^[./~]/.test(id) || path.isAbsolute(id))) {
    return loadImageFolder(dataDir === undefined ? id : path.join(id, dataDir), rest);
  }
  const prefix = dataDir === undefined ? '' : `${dataDir.replace(/^\.?\/+|\/+$/g, '')}/`;
  const found = (files: readonly string[], folder: string) => {
    const own = filesUnder(prefix, files);
    if (own.length === 0) {
      throw new DatasetError({
        file: id,
        expected: dataDir === undefined ? 'a data set of images' : `files below '${dataDir}'`,
        found: dataDir === undefined ? 'no files' : `the folders ${listed(foldersOf(files))}`,
      });
    }
    return findSamples(path.join(folder, dataDir ?? ''), own, o, id);
  };
  const { folder, files } = await downloadDataset(
    id,
    (all) => found(all, '').files.map((file) => prefix + file),
    definedKeys({ ...hub, onProgress: onDownload, signal: o.signal }),
  );
  return load(id, found(files, folder), o);
}

const foldersOf = (files: readonly string[]) => [
  ...new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]!)),
];

/** Of all paths those below a folder, relative to it, without what is no data. */
const filesUnder = (prefix: string, files: readonly string[]) =>
  files
    .filter((file) => file.startsWith(prefix))
    .map((file) => file.slice(prefix.length))
    .filter(isData);
