/** Rows of a CSV file, by csv-parse: quoted fields may hold commas and line ends. */
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { DatasetError } from './errors';
import type { Row } from './jsonl';
import { LIMITS } from './limits';

/**
 * The records of a .csv file by the names in its first line, all of them texts; an empty field is null, as in pandas.
 *
 * @param file its name in messages
 * @throws DatasetError for a file that is no CSV, and for records of another length than the first
 */
export async function* readCsv(
  path: string,
  file: string,
): AsyncGenerator<{ row: number; values: Row }> {
  let columns: string[] | undefined;
  const parser = parse({
    bom: true,
    columns: (names: string[]) => (columns = checkedNames(names, file)),
    max_record_size: LIMITS.rowBytes,
    skip_empty_lines: true,
  });
  const source = createReadStream(path);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let row = 0;
  try {
    for await (const record of parser as AsyncIterable<Record<string, string>>) {
      row += 1;
      const values = Object.entries(record).map(([name, text]) => [
        name,
        text === '' ? null : text,
      ]);
      yield { row, values: Object.fromEntries(values) as Row };
    }
  } catch (cause) {
    if (cause instanceof DatasetError || !isOfParser(cause)) throw cause;
    throw new DatasetError({
      file,
      row: row + 1,
      expected: `a record of CSV with ${columns?.length ?? 'as many'} fields, of at most ${LIMITS.rowBytes} bytes`,
      found: cause.message.replace(/\s+/g, ' ').slice(0, 200),
      columns,
      remedy: 'Text with a comma or a line end goes between double quotes.',
      cause,
    });
  } finally {
    source.destroy();
    parser.destroy();
  }
}

const isOfParser = (error: unknown): error is Error =>
  error instanceof Error && String((error as { code?: unknown }).code).startsWith('CSV_');

function checkedNames(names: string[], file: string): string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return names;
  throw new DatasetError({
    file,
    expected: 'a first line that names each column once',
    found: `'${twice}' twice`,
    columns: names,
  });
}
