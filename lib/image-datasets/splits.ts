/** Which files of a folder belong to which split, by the rules of Python's `datasets` (data_files.py, 5.2). */
import { DatasetError } from './errors';

/** Words that name a split, in the order in which splits are listed. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'dev', 'val'],
  test: ['test', 'testing', 'eval', 'evaluation'],
};

const SEPARATOR = '[-._ 0-9]';

/** `data/train-00000-of-00005.parquet` */
const SHARD = /^data\/([^/]*)-\d{5}-of-\d{5}[^/]*\.[^/]*$/;
const SPLIT_NAME = /^\w+(\.\w+)*$/;

/** A folder's name that has the word at its beginning or after a separator, and then a separator or nothing. */
const inFolderName = (word: string) => new RegExp(`^(.*${SEPARATOR})?${word}(${SEPARATOR}.*)?$`);
/** The same of a file's name, where a separator must follow. */
const inFileName = (word: string) => new RegExp(`^(.*${SEPARATOR})?${word}${SEPARATOR}.*$`);

const FOLDER_RULES = rules(inFolderName);
const FILE_RULES = rules(inFileName);

function rules(pattern: (word: string) => RegExp): [split: string, patterns: RegExp[]][] {
  return Object.entries(KEYWORDS).map(([split, words]) => [split, words.map(pattern)]);
}

function byNames(
  files: readonly string[],
  splitRules: typeof FILE_RULES,
  namesOf: (file: string) => readonly string[],
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [split, patterns] of splitRules) {
    const own = files.filter((file) =>
      namesOf(file).some((name) => patterns.some((pattern) => pattern.test(name))),
    );
    if (own.length > 0) found.set(split, own);
  }
  return found;
}

function byShards(files: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of files) {
    const split = SHARD.exec(file)?.[1];
    if (split === undefined) continue;
    if (!SPLIT_NAME.test(split)) {
      throw new DatasetError({
        file,
        expected: "a split's name of letters, digits, _ and . before the shard's number",
        found: split,
      });
    }
    found.set(split, [...(found.get(split) ?? []), file]);
  }
  const known = Object.keys(KEYWORDS);
  const rank = (split: string) => (known.includes(split) ? known.indexOf(split) : known.length);
  return new Map([...found].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : Number(a > b))));
}

/**
 * The files of each split. The first rule that finds any decides for the whole folder: shards in data/, folders' names,
 * files' names; else all files are `train`. Files that the rule leaves out belong to no split.
 *
 * @param files paths below the folder, with /, sorted
 */
export function splitFiles(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const folders = (file: string) => file.split('/').slice(0, -1);
  const name = (file: string) => [file.slice(file.lastIndexOf('/') + 1)];
  for (const find of [
    () => byShards(files),
    () => byNames(files, FOLDER_RULES, folders),
    () => byNames(files, FILE_RULES, name),
  ]) {
    const found = find();
    if (found.size > 0) return found;
  }
  return new Map([['train', [...files]]]);
}
