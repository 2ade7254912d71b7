/**
 * The safetensors format, read and written as its reference does (huggingface/safetensors,
 * safetensors/src/tensor.rs): 8 bytes with the header's length N, N bytes of JSON, then the tensors'
 * bytes without a gap. Every rule of the reference is enforced, and duplicate or unknown keys,
 * which it lets through, are refused too.
 */

import { basename } from 'node:path';
import { writeFileAtomically } from '../atomic-write';
import { SafetensorsError } from './error';
import type { SafetensorsTensor } from './header';
import { layOut } from './layout';
import type { SafetensorsFile } from './parse';
import { SafetensorsReader } from './reader';

export { SafetensorsError, type SafetensorsErrorCode } from './error';
export { type SafetensorsDtype, type SafetensorsTensor } from './header';
export { parseSafetensors, type SafetensorsFile } from './parse';
export { SafetensorsReader, type TensorInfo } from './reader';
export { halfFromFloat32Array } from './half';
export { fromFloat32Array, fromInt32Array, toFloat32Array, toInt32Array } from './numbers';

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
 * Reads a safetensors file whole; `SafetensorsReader` reads it tensor by tensor.
 *
 * @throws SafetensorsError as `parseSafetensors`; IoError if the file cannot be read
 */
export function readSafetensors(path: string): SafetensorsFile {
  const reader = new SafetensorsReader(path);
  try {
    const tensors = reader.names.map((name) => [name, reader.read(name)] as const);
    return { metadata: reader.metadata, tensors: new Map(tensors) };
  } finally {
    reader.close();
  }
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
