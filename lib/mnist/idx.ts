/** The IDX format of the MNIST files (http://yann.lecun.com/exdb/mnist/): a header, then numbers. */

import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A file that is not what it should be. Nothing of it was used. */
export class IdxError extends Error {
  override readonly name = 'IdxError';
  constructor(
    readonly fileName: string,
    readonly expected: string,
    readonly found: string,
    remedy = 'Fetch or install the file again.',
    cause?: unknown,
  ) {
    super(`${fileName}: expected ${expected}, found ${found}. ${remedy}`, { cause });
  }
}

export type IdxData =
  Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** Numbers in row-major order. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: IdxData;
}

export interface ReadIdxOptions {
  /** Refuse a file that is or unpacks to more bytes; Default: 256 MiB. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;
const TYPES = '08 (uint8), 09 (int8), 0b (int16), 0c (int32), 0d (float32) or 0e (float64)';

/**
 * Reads an IDX file, raw or gzipped. Whether it is gzipped is told by its content.
 *
 * @throws IdxError if it is damaged; the file system's error if it cannot be read
 */
export function readIdx(path: string, { maxBytes = DEFAULT_MAX_BYTES }: ReadIdxOptions = {}) {
  return parseIdx(readPlain(path, maxBytes), basename(path));
}

/** The file's bytes, unpacked if it is gzipped. */
export function readPlain(path: string, maxBytes: number): Uint8Array {
  const fileName = basename(path);
  const { size } = statSync(path);
  if (size > maxBytes) throw new IdxError(fileName, `at most ${maxBytes} bytes`, `${size}`);
  const bytes = readFileSync(path);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return unpack(bytes, fileName, maxBytes);
  if (fileName.endsWith('.gz')) {
    throw new IdxError(fileName, 'gzip data (1f 8b …)', `the bytes ${hex(bytes, 4)}`);
  }
  return bytes;
}

function unpack(bytes: Uint8Array, fileName: string, maxBytes: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new IdxError(fileName, `at most ${maxBytes} bytes unpacked`, 'more', undefined, cause);
    }
    throw new IdxError(fileName, 'whole gzip data', message, undefined, cause);
  }
}

/**
 * Reads IDX data: two zero bytes, the type, the rank, the sizes as big-endian uint32, the numbers.
 *
 * @param fileName is named in errors
 * @returns the shape and the numbers in the host's byte order; uint8 and int8 data are views of `bytes`
 * @throws IdxError for a wrong magic number, type, rank, size or length
 */
export function parseIdx(bytes: Uint8Array, fileName: string): IdxArray {
  const refuse = (expected: string, found: string) => new IdxError(fileName, expected, found);
  if (bytes.length < 4) throw refuse('an IDX header of at least 4 bytes', `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== 0) throw refuse('an IDX file (00 00 …)', `the bytes ${hex(bytes, 4)}`);
  const type = view.getUint8(2);
  const width = elementBytes(type);
  if (width === undefined) throw refuse(`type ${TYPES}`, hex(bytes.subarray(2), 1));
  const rank = view.getUint8(3);
  if (rank === 0) throw refuse('rank 1 or more', '0');
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw refuse(`${start} bytes of header for rank ${rank}`, `${bytes.length} bytes in all`);
  }
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  if (shape.includes(0)) throw refuse('sizes of 1 or more', `[${shape.join(', ')}]`);
  // A product of many sizes may pass 2^53, but then it is far from the file's length in any case.
  const length = start + width * shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== length) {
    throw refuse(`${length} bytes for sizes [${shape.join(', ')}]`, `${bytes.length} bytes`);
  }
  return { shape, data: readNumbers(type, bytes.subarray(start)) };
}

function elementBytes(type: number): number | undefined {
  return { 0x08: 1, 0x09: 1, 0x0b: 2, 0x0c: 4, 0x0d: 4, 0x0e: 8 }[type];
}

function readNumbers(type: number, bytes: Uint8Array): IdxData {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = elementBytes(type) ?? 1;
  const fill = <T extends IdxData>(array: T, read: (offset: number) => number): T => {
    for (let i = 0; i < array.length; i++) array[i] = read(i * width);
    return array;
  };
  const count = bytes.length / width;
  switch (type) {
    case 0x09:
      return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    case 0x0b:
      return fill(new Int16Array(count), (offset) => view.getInt16(offset));
    case 0x0c:
      return fill(new Int32Array(count), (offset) => view.getInt32(offset));
    case 0x0d:
      return fill(new Float32Array(count), (offset) => view.getFloat32(offset));
    case 0x0e:
      return fill(new Float64Array(count), (offset) => view.getFloat64(offset));
    default:
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength); // no Buffer
  }
}

function hex(bytes: Uint8Array, count: number): string {
  return Array.from(bytes.subarray(0, count), (byte) => byte.toString(16).padStart(2, '0')).join(
    ' ',
  );
}
