/** Safetensors files of any size, read one tensor at a time. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { checkedHeader, headerLength } from './check';
import { SafetensorsError } from './error';
import {
  LENGTH_BYTES,
  type HeaderEntry,
  type SafetensorsDtype,
  type SafetensorsTensor,
} from './header';

/** One call of the file system reads at most 2 GiB. */
const MAX_READ = 2 ** 30;

/** What the header says of a tensor. */
export interface TensorInfo {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/**
 * An open safetensors file. Its header is read and checked at once, its tensors when they are asked for; so a file
 * larger than memory can be read. `close` it at the end.
 */
export class SafetensorsReader {
  /** In the order of the tensors' bytes. */
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  private readonly fileName: string;
  private readonly entries: ReadonlyMap<string, HeaderEntry>;
  /** Where the tensors' bytes start. */
  private readonly body: number;
  private file: number | undefined;

  /** @throws SafetensorsError as `parseSafetensors`; IoError if the file cannot be read */
  constructor(private readonly path: string) {
    this.fileName = basename(path);
    const file = (this.file = this.io(() => openSync(path, 'r')));
    try {
      const { size } = this.io(() => fstatSync(file));
      const start = this.readAt(0, Math.min(LENGTH_BYTES, size));
      this.body = LENGTH_BYTES + headerLength(start, size, this.fileName);
      const header = this.readAt(LENGTH_BYTES, this.body - LENGTH_BYTES);
      const { metadata, entries } = checkedHeader(header, size, this.fileName);
      this.metadata = metadata;
      this.entries = new Map(entries.map((entry) => [entry.name, entry]));
      this.names = entries.map(({ name }) => name);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @throws SafetensorsError TensorNotFound */
  info(name: string): TensorInfo {
    const { dtype, shape, begin, end } = this.entry(name);
    return { dtype, shape: shape.map(Number), bytes: Number(end - begin) };
  }

  /**
   * Reads a tensor.
   *
   * @throws SafetensorsError TensorNotFound; IoError if the file cannot be read or was closed or cut short
   */
  read(name: string): SafetensorsTensor {
    const { begin } = this.entry(name);
    const { dtype, shape, bytes } = this.info(name);
    return { dtype, shape, data: this.readAt(this.body + Number(begin), bytes) };
  }

  /** Again is no error. */
  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private entry(name: string): HeaderEntry {
    const entry = this.entries.get(name);
    if (entry !== undefined) return entry;
    throw new SafetensorsError('TensorNotFound', {
      fileName: this.fileName,
      tensorName: name,
      expected: 'a tensor of this name',
      found: `${this.names.length} others`,
    });
  }

  private readAt(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const { file } = this;
      if (file === undefined) throw this.ioError('an open file', 'a closed one');
      const wanted = Math.min(MAX_READ, length - done);
      const count = this.io(() => readSync(file, bytes, done, wanted, position + done));
      if (count === 0) throw this.ioError(`${length} bytes at ${position}`, `${done}`);
      done += count;
    }
    return bytes;
  }

  private io<T>(run: () => T): T {
    try {
      return run();
    } catch (cause) {
      throw this.ioError('a readable file', (cause as Error).message, cause);
    }
  }

  private ioError(expected: string, found: string, cause?: unknown): SafetensorsError {
    return new SafetensorsError('IoError', { fileName: this.path, expected, found, cause });
  }
}
