/** Files of a data set, read whole. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { DatasetError, type Place } from './errors';
import { LIMITS } from './limits';

/** Endings of what `decodeImage` may read. */
const IMAGE = /\.(png|apng|jpe?g|jpe|jfif|webp|gif|tiff?|avif)$/i;

export const isImage = (file: string): boolean => IMAGE.test(file);
export const stem = (file: string): string => file.replace(/\.[^./]*$/, '');

/** Reads a file, unless it is far larger than it can be. */
export async function readLimited(
  full: string,
  place: Place,
  most: number,
  what: string,
): Promise<Buffer> {
  let size: number;
  try {
    const found = await stat(full);
    if (!found.isFile())
      throw new DatasetError({ ...place, expected: `${what}, a file`, found: 'none' });
    size = found.size;
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const found = code === 'ENOENT' || code === 'ENOTDIR' ? 'no such file' : String(code);
    throw new DatasetError({ ...place, expected: what, found, cause });
  }
  if (size > most) {
    throw new DatasetError({
      ...place,
      expected: `${what} of at most ${most} bytes`,
      found: `${size} bytes`,
    });
  }
  return readFile(full);
}

/** The reader of an image's file. */
export const imageBytes = (folder: string, file: string, place: Place) => () =>
  readLimited(path.join(folder, ...file.split('/')), place, LIMITS.imageBytes, `the image ${file}`);

/** @throws DatasetError if it is not UTF-8 */
export function textOf(bytes: Uint8Array, place: Place): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DatasetError({ ...place, expected: 'a text in UTF-8', found: 'other bytes', cause });
  }
}
