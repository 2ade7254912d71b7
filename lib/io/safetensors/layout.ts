/** How tensors are laid out in a file that is to be written, and what may be written at all. */

import { SafetensorsError, quote } from './error';
import {
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  byteSize,
  dtypeRank,
  formatHeader,
  type HeaderEntry,
  type SafetensorsTensor,
} from './header';

/**
 * The file in pieces: length and header, then each tensor's bytes, uncopied.
 *
 * @throws SafetensorsError as `serializeSafetensors`
 */
export function layOut(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata?: Readonly<Record<string, string>>,
  fileName?: string,
): Uint8Array[] {
  checkStrings(tensors, metadata, fileName);
  // By code point, as the reference compares names; JavaScript's own order is by UTF-16 unit.
  const sorted = [...tensors]
    .map(([name, tensor]) => ({ name, tensor, key: Buffer.from(name) }))
    .sort((a, b) => dtypeRank(b.tensor.dtype) - dtypeRank(a.tensor.dtype) || a.key.compare(b.key));
  const entries: HeaderEntry[] = [];
  let position = 0n;
  for (const { name, tensor } of sorted) {
    const shape = checkView(name, tensor, fileName);
    const end = position + BigInt(tensor.data.byteLength);
    entries.push({ name, dtype: tensor.dtype, shape, begin: position, end });
    position = end;
  }
  const json = Buffer.from(formatHeader(entries, metadata));
  const padded = Math.ceil(json.length / 8) * 8;
  if (padded > MAX_HEADER_BYTES) {
    throw new SafetensorsError('HeaderTooLarge', {
      fileName,
      expected: `a header of at most ${MAX_HEADER_BYTES} bytes`,
      found: `${padded}`,
      remedy: 'Keep less in the metadata.',
    });
  }
  const header = Buffer.alloc(LENGTH_BYTES + padded, ' ');
  header.writeBigUInt64LE(BigInt(padded));
  json.copy(header, LENGTH_BYTES);
  return [header, ...sorted.map(({ tensor }) => tensor.data)];
}

function checkView(name: string, tensor: SafetensorsTensor, fileName?: string): bigint[] {
  const refuse = (expected: string, found: string) =>
    new SafetensorsError('InvalidTensorView', { fileName, tensorName: name, expected, found });
  if (dtypeRank(tensor.dtype) < 0) throw refuse('a dtype of the format', String(tensor.dtype));
  if (!tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw refuse('a shape of whole numbers', `[${tensor.shape.join(', ')}]`);
  }
  const shape = tensor.shape.map(BigInt);
  const size = byteSize(tensor.dtype, shape, { fileName, tensorName: name });
  if (size !== BigInt(tensor.data.byteLength)) {
    const expected = `${size} bytes for ${tensor.dtype} of shape [${shape.join(', ')}]`;
    throw refuse(expected, `${tensor.data.byteLength}`);
  }
  return shape;
}

function checkStrings(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
  fileName?: string,
): void {
  const refuse = (expected: string, found: string) =>
    new SafetensorsError('InvalidHeader', { fileName, expected, found });
  if (tensors.has('__metadata__')) {
    throw refuse('tensor names other than __metadata__, which the format keeps', '__metadata__');
  }
  for (const [key, value] of Object.entries<unknown>(metadata)) {
    if (typeof value !== 'string') {
      throw refuse(`a string as metadata ${quote(key)}`, typeof value);
    }
  }
  const texts = [...tensors.keys(), ...Object.entries(metadata).flat()];
  const broken = texts.find((text) => /\p{Surrogate}/u.test(text));
  if (broken !== undefined) throw refuse('strings of whole characters', quote(broken));
}
