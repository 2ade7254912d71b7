/** Samples by metadata.csv, metadata.jsonl or metadata.parquet. */
import path from 'node:path';
import { readCsv } from './csv';
import { DatasetError, listed, type Place } from './errors';
import type { ImageFolderRules } from './folder-rules';
import { readJsonl, type Row } from './jsonl';
import { openParquet } from './parquet';
import { imageBytes } from './read-files';
import { captionColumnOf, captionsOf, type Found } from './sample';

const METADATA = /(^|\/)metadata\.(csv|jsonl|parquet)$/;

export const isMetadata = (file: string): boolean => METADATA.test(file);

/**
 * The path of a row's image below the data set's folder.
 *
 * @throws DatasetError if it would lead out of the metadata's folder
 */
function imagePath(
  name: unknown,
  metadata: string,
  place: Place,
  columns: readonly string[],
): string {
  const refuse = (found: string) =>
    new DatasetError({
      ...place,
      expected: 'a file_name below the metadata file, with / and without ..',
      found,
      columns,
    });
  if (typeof name !== 'string' || name === '') {
    throw refuse(
      name == null || name === '' ? 'none' : (JSON.stringify(name) ?? typeof name).slice(0, 60),
    );
  }
  if (name.includes('\0') || name.includes('://') || /^([a-z]:|[\\/])/i.test(name)) {
    throw refuse(JSON.stringify(name.slice(0, 200)));
  }
  const normal = path.posix.normalize(name.replaceAll('\\', '/'));
  if (normal === '..' || normal.startsWith('../') || normal.endsWith('/') || normal === '.') {
    throw refuse(JSON.stringify(name.slice(0, 200)));
  }
  const folder = path.posix.dirname(metadata);
  return folder === '.' ? normal : `${folder}/${normal}`;
}

/** The column of an image's path: file_name, or x_file_name of the image column x. */
function fileNameColumn(
  file: string,
  columns: readonly string[],
  image: string | undefined,
): string {
  const wanted = image === undefined || image === 'image' ? 'file_name' : `${image}_file_name`;
  const all = columns.filter((name) => name === 'file_name' || name.endsWith('_file_name'));
  const found = columns.includes(wanted)
    ? wanted
    : image === undefined && all.length === 1
      ? all[0]
      : undefined;
  if (found !== undefined) return found;
  const hint =
    columns.includes('file_names') || columns.some((name) => name.endsWith('_file_names'));
  throw new DatasetError({
    file,
    expected: `a column '${wanted}' with the path of each image`,
    found: `the columns ${listed(columns)}`,
    remedy: hint
      ? 'Several images in a row are not read: give each a row of its own.'
      : all.length > 1
        ? `Pass imageColumn: one of ${all.map((name) => name.replace(/_file_name$/, '')).join(', ')}.`
        : undefined,
  });
}

async function* rowsOf(full: string, file: string): AsyncGenerator<{ row: number; values: Row }> {
  if (file.endsWith('.csv')) yield* readCsv(full, file);
  else if (file.endsWith('.jsonl')) yield* readJsonl(full, file);
  else {
    const table = await openParquet(full, file);
    try {
      yield* table.rows(table.columns);
    } finally {
      await table.close();
    }
  }
}

function checkOneKind(files: readonly string[]): void {
  const kinds = [...new Set(files.map((file) => path.posix.extname(file)))];
  if (kinds.length <= 1) return;
  throw new DatasetError({
    file: files.find((file) => file.endsWith(kinds[1]!))!,
    expected: `metadata files of one kind, as ${files[0]}`,
    found: kinds.join(' and '),
    remedy: 'Keep one of them.',
  });
}

/** Rows decide: their order is kept, and images without a row are left out. */
export async function* byMetadata(
  files: readonly string[],
  rules: ImageFolderRules,
): AsyncGenerator<Found> {
  const { folder, captionColumn, imageColumn } = rules;
  const tables = files.filter(isMetadata);
  checkOneKind(tables);
  for (const file of tables) {
    let names: { path: string; caption: string } | undefined;
    for await (const { row, values } of rowsOf(path.join(folder, ...file.split('/')), file)) {
      const place = { file, row };
      const columns = Object.keys(values);
      names ??= {
        path: fileNameColumn(file, columns, imageColumn),
        caption: captionColumnOf(file, columns, captionColumn),
      };
      try {
        const image = imagePath(values[names.path], file, place, columns);
        const captions = captionsOf(values[names.caption], place, names.caption, columns);
        yield { place, captions, bytes: imageBytes(folder, image, place) };
      } catch (error) {
        if (!(error instanceof DatasetError)) throw error;
        yield error;
      }
    }
  }
}
