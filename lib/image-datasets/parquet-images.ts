/** Parquet files with a column of images, as the hub has them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DatasetError, listed, type Place } from './errors';
import type { FileRules } from './folder-rules';
import type { Row } from './jsonl';
import { LIMITS } from './limits';
import { openParquet, type ParquetTable } from './parquet';
import { CAPTION_COLUMNS, captionColumnOf, captionsOf, type Found } from './sample';

function imageColumnOf(file: string, table: ParquetTable, told: string | undefined): string {
  const { imageColumns, columns } = table;
  const usual = ['image', 'img'].find((name) => imageColumns.includes(name));
  const found = told ?? usual ?? (imageColumns.length === 1 ? imageColumns[0] : undefined);
  if (found !== undefined && imageColumns.includes(found)) return found;
  throw new DatasetError({
    file,
    expected:
      told === undefined
        ? 'a column of images (records of bytes and path)'
        : `a column of images '${told}'`,
    found: `the columns ${listed(columns)}, of them with images ${listed(imageColumns)}`,
    remedy: imageColumns.length > 0 ? `Pass imageColumn: one of these.` : undefined,
  });
}

/** Texts where there are some; else the names of classes. */
function captionColumn(file: string, table: ParquetTable, told: string | undefined): string {
  const { columns, classNames } = table;
  const hasTexts = CAPTION_COLUMNS.some((name) => columns.includes(name));
  if (told === undefined && !hasTexts && classNames.size > 0) {
    return classNames.has('label') ? 'label' : [...classNames.keys()][0]!;
  }
  return captionColumnOf(file, columns, told);
}

function labelOf(value: unknown, names: readonly string[], place: Place, column: string): string {
  const name = typeof value === 'number' ? names[value] : undefined;
  if (name !== undefined) return name;
  throw new DatasetError({
    ...place,
    expected: `in column '${column}' a class from 0 to ${names.length - 1} (${listed(names)})`,
    found: String(value),
  });
}

async function bytesOf(
  value: unknown,
  place: Place,
  folder: string,
  columns: readonly string[],
): Promise<Uint8Array> {
  const { bytes, path: name } = (value ?? {}) as { bytes?: unknown; path?: unknown };
  const refuse = (found: string) =>
    new DatasetError({ ...place, expected: 'an image in the file itself (bytes)', found, columns });
  if (bytes instanceof Uint8Array) {
    if (bytes.length <= LIMITS.imageBytes) return bytes;
    throw refuse(`${bytes.length} bytes`);
  }
  if (typeof name !== 'string') throw refuse('none');
  const normal = path.posix.normalize(name);
  // `to_parquet` of local files leaves absolute paths of that machine.
  if (
    path.isAbsolute(name) ||
    normal.startsWith('..') ||
    name.includes('://') ||
    name.includes('\0')
  ) {
    throw refuse(`only the path ${JSON.stringify(name.slice(0, 200))} of another machine`);
  }
  try {
    return await readFile(path.join(folder, normal));
  } catch {
    throw refuse(`only the path ${JSON.stringify(normal)}, where there is no file`);
  }
}

/** The samples of these files. */
export async function* samplesOfParquet(
  files: readonly string[],
  rules: FileRules,
): AsyncGenerator<Found> {
  for (const file of files) {
    const table = await openParquet(path.join(rules.folder, ...file.split('/')), file);
    try {
      const image = imageColumnOf(file, table, rules.imageColumn);
      const caption = captionColumn(file, table, rules.captionColumn);
      const names = table.classNames.get(caption);
      for await (const { row, values } of table.rows([image, caption])) {
        const place = { file, row };
        try {
          yield {
            place,
            captions: texts(values),
            bytes: () => bytesOf(values[image], place, rules.folder, table.columns),
          };
        } catch (error) {
          if (!(error instanceof DatasetError)) throw error;
          yield error;
        }
        function texts(of: Row): string[] {
          const value = of[caption];
          const text = names ? rules.captionOfLabel(labelOf(value, names, place, caption)) : value;
          return captionsOf(text, place, caption, table.columns);
        }
      }
    } finally {
      await table.close();
    }
  }
}
