/** A safetensors file that is held in memory: in a page, too, which has fetched it. */

import { checkedHeader, headerLength } from './check';
import { LENGTH_BYTES, type SafetensorsTensor } from './header';

/** A file's content. Tensors come in the order of their bytes. */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Map<string, SafetensorsTensor>;
}

/**
 * Reads a safetensors file held in memory. The tensors' `data` are views of `bytes`, not copies.
 *
 * @param fileName is named in errors
 * @throws SafetensorsError with the reference's name of the error as `code`
 */
export function parseSafetensors(bytes: Uint8Array, fileName?: string): SafetensorsFile {
  const total = bytes.length;
  const body = LENGTH_BYTES + headerLength(bytes, total, fileName);
  const { metadata, entries } = checkedHeader(bytes.subarray(LENGTH_BYTES, body), total, fileName);
  // Plain views: a Buffer's own slice and subarray do not do what a Uint8Array's do.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const data = plain.subarray(body + Number(begin), body + Number(end));
    tensors.set(name, { dtype, shape: shape.map(Number), data });
  }
  return { metadata, tensors };
}
