/** One picture of a data set, before it is decoded. */
import { DatasetError, listed, type Place } from './errors';
import { LIMITS } from './limits';

export interface Sample {
  readonly place: Place;
  /** The image's file. */
  readonly bytes: () => Promise<Uint8Array>;
  /** What it shows, in other words each; the first one is shown in evaluation. None: it has no caption. */
  readonly captions: readonly string[];
}

/** A sample, or what is wrong with it; what is wrong with the whole data set is thrown. */
export type Found = Sample | DatasetError;

/** Names of the column of captions, where none is told: diffusers' own comes first. */
export const CAPTION_COLUMNS = ['text', 'caption', 'captions', 'prompt'] as const;

/**
 * Captions as a table has them: a text or a list of texts.
 *
 * @throws DatasetError for anything else
 */
export function captionsOf(
  value: unknown,
  place: Place,
  column: string,
  columns: readonly string[],
): string[] {
  const captions = Array.isArray(value) ? (value as unknown[]) : [value];
  const refuse = (found: string) =>
    new DatasetError({
      ...place,
      expected: `a caption in column '${column}', a text or a list of up to ${LIMITS.captionsOfImage} texts`,
      found,
      columns,
    });
  if (captions.length === 0) throw refuse('an empty list');
  if (captions.length > LIMITS.captionsOfImage) throw refuse(`a list of ${captions.length}`);
  return captions.map((caption) => checkedCaption(caption, refuse));
}

/**
 * Captions as a file of text has them, one on each line; empty lines do not count.
 *
 * @throws DatasetError if there are none, too many, or one is too long
 */
export function captionsOfLines(lines: readonly string[], place: Place): string[] {
  const captions = lines.map((line) => line.trim()).filter((line) => line !== '');
  const expected = `a caption on each of up to ${LIMITS.captionsOfImage} lines`;
  const refuse = (found: string) => new DatasetError({ ...place, expected, found });
  if (captions.length === 0) throw refuse('no text');
  if (captions.length > LIMITS.captionsOfImage) throw refuse(`${captions.length} of them`);
  return captions.map((caption) => checkedCaption(caption, refuse));
}

function checkedCaption(caption: unknown, refuse: (found: string) => DatasetError): string {
  if (typeof caption !== 'string') {
    throw refuse(
      caption == null ? 'none' : (JSON.stringify(caption) ?? typeof caption).slice(0, 60),
    );
  }
  if (caption.length > LIMITS.captionLength) throw refuse(`one of ${caption.length} characters`);
  return caption.trim();
}

/**
 * The column of captions.
 *
 * @param told what the caller asked for; undefined: the first of `CAPTION_COLUMNS` that there is
 * @throws DatasetError naming the columns, if there is none
 */
export function captionColumnOf(
  file: string,
  columns: readonly string[],
  told: string | undefined,
): string {
  const found = told === undefined ? CAPTION_COLUMNS.find((name) => columns.includes(name)) : told;
  if (found !== undefined && columns.includes(found)) return found;
  throw new DatasetError({
    file,
    expected:
      told === undefined
        ? `a column of captions (${CAPTION_COLUMNS.join(', ')})`
        : `a column of captions '${told}'`,
    found: `the columns ${listed(columns)}`,
    remedy: `Pass captionColumn: ${columns.length > 0 ? `one of these` : "the column's name"}.`,
  });
}
