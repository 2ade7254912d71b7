/** What tells one data set from another when a run is resumed. */
import { createHash } from 'node:crypto';
import type { ImageDataset } from '../datasets/data-loader';
import { hashedIds, type StreamedDataset } from '../datasets/streamed-images';
import { rowMajor } from '../datasets/transforms';

/** More captions than this are compared by their hash. */
const LISTED_CAPTIONS = 100;

const fingerprints = new WeakMap<ImageDataset, string>();

/** SHA-256 of all images and of their captions' ids, a byte each where that is enough. */
function fingerprint(dataset: ImageDataset): string {
  let digest = fingerprints.get(dataset);
  if (digest === undefined) {
    const { images, captionIds, captions } = dataset;
    const ids = hashedIds(captionIds, captions);
    const hash = createHash('sha256').update(rowMajor(images)).update(ids);
    fingerprints.set(dataset, (digest = hash.digest('hex')));
  }
  return digest;
}

/** The record's entries under `prefix.key`. */
export function prefixed(prefix: string, config: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [`${prefix}.${key}`, value as unknown]),
  );
}

/** In memory or in a file: the same images have the same identity. */
export function datasetIdentity(dataset: ImageDataset | StreamedDataset): Record<string, unknown> {
  const { captions } = dataset;
  const listed = captions.length <= LISTED_CAPTIONS;
  const hash = () => createHash('sha256').update(JSON.stringify(captions)).digest('hex');
  return {
    ...(listed ? { captions } : { 'captions.sha256': hash() }),
    'dataset.shape': 'source' in dataset ? dataset.source.shape : dataset.images.shape,
    'dataset.sha256': 'source' in dataset ? dataset.sha256 : fingerprint(dataset),
  };
}

/** @throws RangeError if an image has no caption: its row would be the empty text's, or none */
export function checkCaptions({
  captionIds,
  captions,
}: Pick<ImageDataset, 'captionIds' | 'captions'>): void {
  const position = captionIds.findIndex((id) => !(id >= 0 && id < captions.length));
  if (position < 0) return;
  throw new RangeError(
    `TextToImageObjective: expected a caption for every image, got caption id ${captionIds[position]} at ` +
      `position ${position} and ${captions.length} captions. captionIds are positions in captions.`,
  );
}
