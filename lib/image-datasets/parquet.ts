/** Rows of a parquet file, by hyparquet, a row group at a time. */
import { open, type FileHandle } from 'node:fs/promises';
import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { DatasetError } from './errors';
import type { Row } from './jsonl';
import { LIMITS } from './limits';

/** A parquet file's columns, as far as data sets of images have them. */
export interface ParquetTable {
  readonly columns: readonly string[];
  /** Columns that hold images: of the hub's feature Image, or records of `bytes` and `path`. */
  readonly imageColumns: readonly string[];
  /** Names of the classes of each column of the hub's feature ClassLabel. */
  readonly classNames: ReadonlyMap<string, readonly string[]>;
  /** Rows, counted from 1, with these columns. Bytes come as Uint8Array, int64 as numbers where they fit. */
  rows(columns: readonly string[]): AsyncGenerator<{ row: number; values: Row }>;
  close(): Promise<void>;
}

interface Feature {
  readonly _type?: string;
  readonly names?: readonly unknown[];
}

/** What `datasets` noted of the columns. */
function features(metadata: FileMetaData): Readonly<Record<string, Feature>> {
  const text = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  try {
    const noted = JSON.parse(text ?? '{}') as { info?: { features?: Record<string, Feature> } };
    return noted.info?.features ?? {};
  } catch {
    return {}; // the schema alone then tells what the columns are
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

function describe(metadata: FileMetaData) {
  const { children } = parquetSchema(metadata);
  const noted = features(metadata);
  const columns = children.map(({ element }) => element.name);
  const isStruct = (child: (typeof children)[number]) => {
    const fields = child.children.map(({ element }) => element.name);
    return fields.includes('bytes') && fields.every((name) => name === 'bytes' || name === 'path');
  };
  const imageColumns = children
    .filter((child) => noted[child.element.name]?._type === 'Image' || isStruct(child))
    .map(({ element }) => element.name);
  const classNames = Object.entries(noted).flatMap(([column, { _type, names }]) =>
    _type === 'ClassLabel' && Array.isArray(names) && names.every(isText)
      ? [[column, names] as const]
      : [],
  );
  return { columns, imageColumns, classNames: new Map(classNames) };
}

/** The file as hyparquet reads it; it may ask for no more than there is. */
async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size: byteLength } = await handle.stat();
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const length = Math.min(end, byteLength) - start;
      if (!(start >= 0 && length >= 0))
        throw new Error(`bytes ${start} to ${end} of ${byteLength}`);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle.read(bytes, done, length - done, start + done);
        if (bytesRead === 0) throw new Error('the file ended early');
        done += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

/** int64 as numbers. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return value;
}

/**
 * Opens a parquet file; to be closed.
 *
 * @param file its name in messages
 * @throws DatasetError for a file that is none, and later for rows that cannot be read
 */
export async function openParquet(path: string, file: string): Promise<ParquetTable> {
  const handle = await open(path, 'r');
  const refuse = (expected: string, found: string, row?: number, cause?: unknown) =>
    new DatasetError({ file, row, expected, found, cause });
  try {
    const buffer = await bufferOf(handle);
    let metadata: FileMetaData;
    let told: ReturnType<typeof describe>;
    try {
      metadata = await parquetMetadataAsync(buffer);
      told = describe(metadata);
    } catch (cause) {
      throw refuse('a parquet file (PAR1 … PAR1)', reasonOf(cause), undefined, cause);
    }
    const { row_groups: groups } = metadata;
    for (const { total_byte_size, num_rows } of groups) {
      const isSane = total_byte_size >= 0n && num_rows >= 0n && num_rows < 2n ** 31n;
      if (!isSane || total_byte_size > BigInt(LIMITS.groupBytes)) {
        throw refuse(
          `row groups of at most ${LIMITS.groupBytes} bytes`,
          `one of ${total_byte_size} bytes and ${num_rows} rows`,
        );
      }
    }
    async function* rows(columns: readonly string[]) {
      let rowStart = 0;
      for (const group of groups) {
        const rowEnd = rowStart + Number(group.num_rows);
        const options = { file: buffer, metadata, compressors, utf8: false, rowStart, rowEnd };
        let records: Record<string, unknown>[];
        try {
          records = await parquetReadObjects({ ...options, columns: [...columns] });
        } catch (cause) {
          throw refuse('rows that can be read', reasonOf(cause), rowStart + 1, cause);
        }
        for (const [i, record] of records.entries()) {
          const values = Object.entries(record).map(([name, value]) => [name, plain(value)]);
          yield { row: rowStart + i + 1, values: Object.fromEntries(values) as Row };
        }
        rowStart = rowEnd;
      }
    }
    return { ...told, rows, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const reasonOf = (error: unknown) =>
  `one that cannot be read (${String((error as Error).message)
    .replace(/\s+/g, ' ')
    .slice(0, 160)})`;
