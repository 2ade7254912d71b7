/** The files below a folder, as far as a data set can have them. */
import { readdirSync, statSync, type Dirent } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { DatasetError } from './errors';

/** What Python's `datasets` leaves out, too. */
const NOT_DATA = new Set([
  'README.md',
  'config.json',
  'dataset_info.json',
  'dataset_infos.json',
  'dummy_data.zip',
  'dataset_dict.json',
]);

/** Whether a path below the folder is one of a data set's: not hidden, not in a folder `__x__`, no description. */
export function isData(file: string): boolean {
  const parts = file.split('/');
  const name = parts.pop()!;
  const isHidden = [...parts, name].some((part) => part.startsWith('.'));
  return !isHidden && !parts.some((part) => part.startsWith('__')) && !NOT_DATA.has(name);
}

const MOST_FILES = 5_000_000;
const MOST_FOLDERS_DEEP = 100;

/** By code points, as Python sorts. */
export function byCodePoints(a: string, b: string): number {
  const [x, y] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  for (;;) {
    const [p, q] = [x.next(), y.next()];
    if (p.done || q.done) return Number(q.done ?? false) - Number(p.done ?? false);
    if (p.value !== q.value) return p.value.codePointAt(0)! - q.value.codePointAt(0)!;
  }
}

const isAscii = (text: string) => /^[\0-\x7f]*$/.test(text);
const compare = (a: string, b: string) =>
  isAscii(a) && isAscii(b) ? (a < b ? -1 : Number(a > b)) : byCodePoints(a, b);

/** A link to a file counts as the file, as in the hub's cache; a link to a folder is not followed, it could lead around. */
function isFile(entry: Dirent, file: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isFile();
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** A leading ~ is the user's home, as it is for Python's `datasets`. */
export const expandUser = (folder: string): string =>
  /^~(\/|$)/.test(folder) ? path.join(homedir(), folder.slice(1)) : folder;

/**
 * Paths of all files, relative, with /, sorted as Python sorts them. Hidden ones (`.x`), folders `__x__` and what
 * describes a data set are left out.
 *
 * @throws DatasetError if it is no folder, or has far too many files; the file system's error
 */
export function filesBelow(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    const isThere = statSync(folder, { throwIfNoEntry: false }) !== undefined;
    throw new DatasetError({
      file: folder,
      expected: 'a folder',
      found: isThere ? 'a file' : 'nothing of that name',
      remedy: `Relative paths begin at ${process.cwd()}.`,
    });
  }
  const files: string[] = [];
  const visit = (relative: string, depth: number) => {
    const entries = readdirSync(path.join(folder, relative), { withFileTypes: true });
    for (const entry of entries) {
      const { name } = entry;
      if (name.startsWith('.') || NOT_DATA.has(name)) continue;
      const below = relative === '' ? name : `${relative}/${name}`;
      if (entry.isDirectory()) {
        if (!name.startsWith('__') && depth < MOST_FOLDERS_DEEP) visit(below, depth + 1);
      } else if (isFile(entry, path.join(folder, below))) files.push(below);
      if (files.length > MOST_FILES) {
        throw new DatasetError({
          file: folder,
          expected: `a data set of at most ${MOST_FILES} files`,
          found: 'more',
          remedy: 'Is it the right folder?',
        });
      }
    }
  };
  visit('', 0);
  return files.sort(compare);
}
