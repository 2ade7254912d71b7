/** A folder of pictures as a data set. */
import path from 'node:path';
import {
  SEED_RULE,
  checkOptions,
  isCount,
  requireRecord,
  requireText,
  type OptionRules,
} from '../options';
import { INTERPOLATION_RULE, SIZE_RULE } from '../datasets/image-transforms';
import {
  collect,
  type CheckedCollectOptions,
  type Collected,
  type CollectOptions,
  type LoadedImages,
} from './collect';
import { COLOUR_RULE } from './decode';
import { DatasetError, listed } from './errors';
import type { ImageFolderRules } from './folder-rules';
import { formatOfFolder, samplesOfFolder } from './image-folder';
import { isMetadata } from './metadata';
import { samplesOfParquet } from './parquet-images';
import { isImage } from './read-files';
import { makeReport, tokenLengths, type DatasetReport, type TokenCounter } from './report';
import type { Found } from './sample';
import { splitFiles } from './splits';
import { expandUser, filesBelow } from './walk';
import { samplesOfTars } from './webdataset';

export interface ImageFolderOptions extends CollectOptions {
  /** Default: `train`. */
  readonly split?: string | undefined;
  /** Default: `text`, or the first there is of `caption`, `captions`, `prompt`. */
  readonly captionColumn?: string | undefined;
  /** Of parquet files and tars the image's column or field; of metadata `x` for `x_file_name`. Default: `image` or `img`. */
  readonly imageColumn?: string | undefined;
  /** true: folders' names are no captions; false: they always are. Default: if all images lie equally deep in two or more. */
  readonly dropLabels?: boolean | undefined;
  /** true: metadata files are not read. */
  readonly dropMetadata?: boolean | undefined;
  /** The caption of a class. Default: its name. */
  readonly captionOfLabel?: ((label: string) => string) | undefined;
  /** For the report: captions that are longer than `maxLength` are counted. */
  readonly tokenizer?: TokenCounter | undefined;
  /** Tokens that the model reads of a caption. Default: the tokenizer's own length. */
  readonly maxLength?: number | undefined;
}

export type CheckedImageFolderOptions = ImageFolderOptions &
  CheckedCollectOptions & { readonly split: string };

type Format = 'images' | 'parquet' | 'webdataset';

const isFunction = (value: unknown) => value === undefined || typeof value === 'function';
const isText = (value: unknown) =>
  value === undefined || (typeof value === 'string' && value !== '');
const isFlag = (value: unknown) => value === undefined || typeof value === 'boolean';
const isObject = (value: unknown) =>
  value === undefined || (typeof value === 'object' && value !== null);

const RULES: OptionRules<CheckedImageFolderOptions> = {
  size: SIZE_RULE,
  channels: ['3 (colour) or 1 (grey)', (value) => value === 3 || value === 1],
  background: COLOUR_RULE,
  interpolation: INTERPOLATION_RULE,
  transform: ['a transform with the method forward', isObject],
  seed: SEED_RULE,
  onError: ["'raise' or 'skip'", (value) => value === 'raise' || value === 'skip'],
  maxSamples: ['an integer of 1 or more', (value) => value === undefined || isCount(value)],
  onProgress: ['a function', isFunction],
  signal: ['an AbortSignal', isObject],
  split: ["a split's name", isText],
  captionColumn: ["a column's name", isText],
  imageColumn: ["a column's name", isText],
  dropLabels: ['true or false', isFlag],
  dropMetadata: ['true or false', isFlag],
  captionOfLabel: ['a function', isFunction],
  tokenizer: ['a tokenizer', isObject],
  maxLength: [
    'an integer of 3 or more',
    (value) => value === undefined || (isCount(value) && value >= 3),
  ],
};

/** @throws RangeError naming every option that is unknown or out of range */
export function checkImageFolderOptions(
  owner: string,
  options: ImageFolderOptions,
): CheckedImageFolderOptions {
  const defaults = {
    channels: 3,
    background: [255, 255, 255],
    interpolation: 'lanczos',
    onError: 'raise',
    split: 'train',
    seed: 0,
  } as const;
  return checkOptions(owner, options, defaults, RULES);
}

const isParquet = (file: string) => file.endsWith('.parquet') && !isMetadata(file);
const isTar = (file: string) => file.endsWith('.tar');

/** By the most common kind of file, as `datasets`; in a draw parquet. */
function formatOfFiles(files: readonly string[]): Format | undefined {
  const counts = {
    parquet: files.filter(isParquet).length,
    images: files.filter(isImage).length,
    webdataset: files.filter(isTar).length,
  };
  const [format, count] = (Object.entries(counts) as [Format, number][]).reduce((best, other) =>
    other[1] > best[1] ? other : best,
  );
  return count > 0 ? format : files.some(isMetadata) ? 'images' : undefined;
}

/** What of the folder is not read, in words. */
function notesOf(
  all: readonly string[],
  splits: ReadonlyMap<string, readonly string[]>,
  format: Format,
): string[] {
  const inSplits = new Set([...splits.values()].flat());
  const outside = all.filter((file) => !inSplits.has(file));
  const notes: string[] = [];
  const add = (files: readonly string[], why: string) => {
    if (files.length > 0) notes.push(`${listed(files, 3)}: ${why}`);
  };
  add(
    outside.filter(isMetadata),
    'not read, it lies outside of the splits; metadata lies in the folder of its split',
  );
  add(
    outside.filter((file) => isImage(file)),
    'in no split, as their names have none of the words that name one',
  );
  add(
    all.filter((file) => /\.zip$/i.test(file)),
    'not read; unpack it first',
  );
  if (format !== 'parquet')
    add(all.filter(isParquet), 'not read, there are more files of another kind');
  if (format !== 'webdataset')
    add(all.filter(isTar), 'not read, there are more files of another kind');
  if (format !== 'images')
    add(all.filter(isImage), 'not read, there are more files of another kind');
  add(
    all.filter((file) => /\.(bmp|heic|heif|svg|psd|tga|ico|jp2|ppm|pgm|pbm)$/i.test(file)),
    'not read; write them as PNG or JPEG',
  );
  add(
    all.filter((file) => /(^|\/)metadata\.(json|json1|jsonlines|ndjson|txt|tsv)$/i.test(file)),
    'not read; the names are metadata.jsonl, metadata.csv and metadata.parquet',
  );
  return notes;
}

/**
 * Reads a folder of pictures with captions: `metadata.jsonl|csv|parquet` with `file_name` and a column of captions (by the
 * rules of `imagefolder` of Python's `datasets`), a text file beside each picture, a folder for each class, tars of
 * WebDataset, or parquet files with a column of images.
 *
 * @param given the folder; a leading ~ is the user's home
 * @returns images [N, height, width, channels] with captions, and a `report` of what was found
 * @throws DatasetError naming file, row, what was expected and what found; RangeError for bad options
 */
export async function loadImageFolder(
  given: string,
  options: ImageFolderOptions,
): Promise<LoadedImages> {
  requireText('loadImageFolder', given, 'a folder');
  const folder = expandUser(given);
  requireRecord('loadImageFolder', options, 'options such as { size: 32 }');
  const o = checkImageFolderOptions('loadImageFolder', options);
  return load(folder, findSamples(folder, filesBelow(folder), o), o);
}

/** @throws as `loadImageFolder` */
export async function load(
  source: string,
  found: FoundSamples,
  o: CheckedImageFolderOptions,
): Promise<LoadedImages> {
  const { facts, ...dataset } = await collect(found.samples, o);
  if (dataset.length === 0) {
    const why =
      facts.skipped > 0 ? `${facts.skipped} that cannot be read: ${facts.problems[0]}` : 'none';
    throw new DatasetError({
      file: source,
      expected: `at least one image in split '${o.split}'`,
      found: why,
    });
  }
  return { ...dataset, report: reportOf(source, found, facts, dataset.captions, o) };
}

export function reportOf(
  source: string,
  { format, splits, notes }: FoundSamples,
  facts: Collected['facts'],
  captions: readonly string[],
  o: CheckedImageFolderOptions,
): DatasetReport {
  const { tokenizer, maxLength = tokenizer && lengthOf(tokenizer), split } = o;
  const tokens = tokenizer && maxLength && tokenLengths(captions, tokenizer, maxLength);
  return makeReport({ source, format, split, splits, ...facts, ...(tokens && { tokens }), notes });
}

const lengthOf = (tokenizer: object): number =>
  (tokenizer as { modelMaxLength?: number }).modelMaxLength ?? 77;

export interface FoundSamples {
  readonly samples: AsyncGenerator<Found>;
  readonly format: string;
  /** Files of each split. */
  readonly splits: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  /** Paths of the split's files, below the folder. */
  readonly files: readonly string[];
}

/**
 * What of these files is the data set.
 *
 * @param folder where their paths begin
 * @throws DatasetError if there is none, or not the split
 */
export function findSamples(
  folder: string,
  all: readonly string[],
  o: CheckedImageFolderOptions,
  source = folder,
): FoundSamples {
  const { split, captionColumn, imageColumn, captionOfLabel = (label: string) => label } = o;
  const splits = splitFiles(all);
  const files = splits.get(split);
  if (files === undefined) {
    throw new DatasetError({
      file: source,
      expected: `the split '${split}'`,
      found: `the splits ${listed([...splits.keys()])}`,
      remedy: `Pass split: one of these.`,
    });
  }
  const format = formatOfFiles(files);
  if (format === undefined) {
    const zip = all.find((file) => /\.zip$/i.test(file));
    throw new DatasetError({
      file: source,
      expected: 'images (png, jpg, webp, gif, tiff, avif), parquet files or tars',
      found:
        all.length === 0
          ? 'an empty folder'
          : `${all.length} other file${all.length === 1 ? '' : 's'} (${listed(all, 3)})`,
      remedy: zip === undefined ? undefined : `Unpack ${zip} first.`,
    });
  }
  const counts = Object.fromEntries([...splits].map(([name, { length }]) => [name, length]));
  const found = { splits: counts, notes: notesOf(all, splits, format), files };
  const rules = { folder: path.resolve(folder), captionColumn, imageColumn, captionOfLabel };
  if (format === 'parquet') {
    return { ...found, format, samples: samplesOfParquet(files.filter(isParquet), rules) };
  }
  if (format === 'webdataset') {
    return { ...found, format, samples: samplesOfTars(files.filter(isTar), rules) };
  }
  const { dropLabels, dropMetadata = false } = o;
  const own: ImageFolderRules = { ...rules, dropLabels, dropMetadata };
  const names = [...splits.keys()];
  const seen = names.slice(0, names.indexOf(split) + 1).flatMap((name) => splits.get(name)!);
  const kind = formatOfFolder(seen, own);
  return { ...found, format: kind, samples: samplesOfFolder(files, kind, own) };
}
