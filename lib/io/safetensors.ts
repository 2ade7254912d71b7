/**
 * The safetensors format, read and written as its reference does (huggingface/safetensors,
 * safetensors/src/tensor.rs): 8 bytes with the header's length N, N bytes of JSON, then the tensors'
 * bytes without a gap. Every rule of the reference is enforced, and duplicate or unknown keys,
 * which it lets through, are refused too.
 */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { writeFileAtomically } from './atomic-write';
import { SafetensorsError } from './safetensors-error';
import {
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  byteSize,
  parseHeader,
  type HeaderEntry,
  type SafetensorsTensor,
} from './safetensors-header';
import { layOut } from './safetensors-layout';

export { SafetensorsError, type SafetensorsErrorCode } from './safetensors-error';
export { type SafetensorsDtype, type SafetensorsTensor } from './safetensors-header';
export {
  fromFloat32Array,
  fromInt32Array,
  toFloat32Array,
  toInt32Array,
} from './safetensors-numbers';

/** A file's content. Tensors come in the order of their bytes. */
export interface SafetensorsFile {
  readonly metadata: Record<string, string>;
  readonly tensors: Map<string, SafetensorsTensor>;
}

/**
 * Reads a safetensors file held in memory. The tensors' `data` are views of `bytes`, not copies.
 *
 * @param fileName is named in errors
 * @throws SafetensorsError with the reference's name of the error as `code`
 */
export function parseSafetensors(bytes: Uint8Array, fileName?: string): SafetensorsFile {
  const body = LENGTH_BYTES + headerLength(bytes, fileName);
  const { metadata, entries } = parseHeader(
    headerText(bytes.subarray(8, body), fileName),
    fileName,
  );
  const last = checkLayout(entries, fileName);
  if (BigInt(body) + last !== BigInt(bytes.length)) {
    throw new SafetensorsError('MetadataIncompleteBuffer', {
      fileName,
      expected: `${BigInt(body) + last} bytes in all, as its header says`,
      found: `${bytes.length}`,
      remedy: 'The file is cut off or has something appended; copy or save it again.',
    });
  }
  // Plain views: a Buffer's own slice and subarray do not do what a Uint8Array's do.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const data = plain.subarray(body + Number(begin), body + Number(end));
    tensors.set(name, { dtype, shape: shape.map(Number), data });
  }
  return { metadata, tensors };
}

function headerLength(bytes: Uint8Array, fileName?: string): number {
  if (bytes.length < LENGTH_BYTES) {
    throw new SafetensorsError('HeaderTooSmall', {
      fileName,
      expected: `at least ${LENGTH_BYTES} bytes`,
      found: `${bytes.length}`,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new SafetensorsError('HeaderTooLarge', {
      fileName,
      expected: `a header of at most ${MAX_HEADER_BYTES} bytes`,
      found: `${length}`,
      remedy: 'Is this a safetensors file?',
    });
  }
  if (length > BigInt(bytes.length - LENGTH_BYTES)) {
    throw new SafetensorsError('InvalidHeaderLength', {
      fileName,
      expected: `a header of ${length} bytes`,
      found: `${bytes.length - LENGTH_BYTES} bytes after its length`,
    });
  }
  return Number(length);
}

function headerText(header: Uint8Array, fileName?: string): string {
  try {
    // ignoreBOM keeps a byte order mark in the text, where it is refused as no JSON.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
  } catch (cause) {
    const found = 'bytes that are not UTF-8';
    throw new SafetensorsError('InvalidHeader', {
      fileName,
      expected: 'a UTF-8 header',
      found,
      cause,
    });
  }
}

/** Sorts the entries by their bytes and checks that these follow each other; returns their end. */
function checkLayout(entries: HeaderEntry[], fileName?: string): bigint {
  const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);
  entries.sort((a, b) => compare(a.begin, b.begin) || compare(a.end, b.end));
  let position = 0n;
  for (const { name: tensorName, dtype, shape, begin, end } of entries) {
    const where = { fileName, tensorName };
    if (begin !== position || end < begin) {
      throw new SafetensorsError('InvalidOffset', {
        ...where,
        expected: `data_offsets that start at ${position}, where the tensor before ends`,
        found: `[${begin}, ${end}]`,
      });
    }
    position = end;
    const size = byteSize(dtype, shape, where);
    if (end - begin !== size) {
      throw new SafetensorsError('TensorInvalidInfo', {
        ...where,
        expected: `${size} bytes for ${dtype} of shape [${shape.join(', ')}]`,
        found: `${end - begin} bytes at [${begin}, ${end}]`,
      });
    }
  }
  return position;
}

/**
 * The bytes of a safetensors file: equal to what the Python package writes for the same tensors
 * (dtypes of larger alignment first, then by name; header padded with spaces to 8 bytes).
 *
 * @param metadata strings to keep in the header, for example `{ format: 'pt' }`
 * @throws SafetensorsError InvalidTensorView if bytes and shape disagree, InvalidHeader for a name or
 *   metadata that the format cannot hold, HeaderTooLarge
 */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.concat(layOut(tensors, metadata));
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Reads a safetensors file.
 *
 * @throws SafetensorsError as `parseSafetensors`; IoError if the file cannot be read
 */
export function readSafetensors(path: string): SafetensorsFile {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new SafetensorsError('IoError', {
      fileName: path,
      expected: 'a readable file',
      found,
      cause,
    });
  }
  return parseSafetensors(bytes, basename(path));
}

/**
 * Writes a safetensors file, whole or not at all: aside in the same folder, flushed, then renamed.
 * A file that was there stays as it was if anything fails.
 *
 * @throws SafetensorsError as `serializeSafetensors`; IoError if the file cannot be written
 */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata?: Readonly<Record<string, string>>,
): void {
  const pieces = layOut(tensors, metadata, basename(path));
  try {
    writeFileAtomically(path, pieces);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new SafetensorsError('IoError', {
      fileName: path,
      expected: 'to write it',
      found,
      cause,
    });
  }
}
