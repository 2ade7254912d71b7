/**
 * Images in a folder, with captions in metadata.csv, metadata.jsonl or metadata.parquet by the rules of `imagefolder` of
 * Python's `datasets` 5.2, in text files beside them, or by the folder that each lies in.
 */
import path from 'node:path';
import type { ImageFolderRules } from './folder-rules';
import { byMetadata, isMetadata } from './metadata';
import { imageBytes, isImage } from './read-files';
import { captionsOf, type Found } from './sample';
import { bySidecar, sidecars } from './sidecar';

/** How the captions of a folder are given. */
export type FolderFormat = 'metadata' | 'sidecar' | 'class folders' | 'images';

const parentOf = (file: string) => file.split('/').at(-2);

/**
 * How the captions are given: metadata goes before text files, and these before folders' names.
 *
 * @param files those of the split, and of the splits before it: `datasets` decides by what it has seen so far
 */
export function formatOfFolder(files: readonly string[], rules: ImageFolderRules): FolderFormat {
  if (!rules.dropMetadata && files.some(isMetadata)) return 'metadata';
  if (sidecars(files).size > 0) return 'sidecar';
  const images = files.filter(isImage);
  const labels = new Set(images.map((file) => parentOf(file) ?? path.basename(rules.folder)));
  const depths = new Set(images.map((file) => file.split('/').length));
  const { dropLabels } = rules;
  const hasLabels = dropLabels === undefined ? labels.size > 1 && depths.size === 1 : !dropLabels;
  return hasLabels ? 'class folders' : 'images';
}

/** The samples of one split. */
export function samplesOfFolder(
  files: readonly string[],
  format: FolderFormat,
  rules: ImageFolderRules,
): AsyncGenerator<Found> {
  switch (format) {
    case 'metadata':
      return byMetadata(files, rules);
    case 'sidecar':
      return bySidecar(files, rules.folder);
    case 'class folders':
    case 'images':
      return byFolders(files, format === 'class folders', rules);
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- of one kind with the others
async function* byFolders(
  files: readonly string[],
  hasLabels: boolean,
  { folder, captionOfLabel }: ImageFolderRules,
): AsyncGenerator<Found> {
  for (const file of files.filter(isImage)) {
    const label = parentOf(file) ?? path.basename(folder);
    const place = { file };
    const captions = hasLabels ? captionsOf(captionOfLabel(label), place, 'label', ['label']) : [];
    yield { place, captions, bytes: imageBytes(folder, file, place) };
  }
}
