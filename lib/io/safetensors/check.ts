/** The checks of a file's header against the file: the reference's rules, each by its name. */

import { SafetensorsError } from './error';
import { LENGTH_BYTES, MAX_HEADER_BYTES, byteSize, parseHeader, type HeaderEntry } from './header';

/**
 * Bytes of the header, from the file's first bytes.
 *
 * @param start the first 8 bytes or more, or all there are
 * @param total bytes of the file
 * @throws SafetensorsError HeaderTooSmall, HeaderTooLarge, InvalidHeaderLength
 */
export function headerLength(start: Uint8Array, total: number, fileName?: string): number {
  if (start.length < LENGTH_BYTES) {
    throw new SafetensorsError('HeaderTooSmall', {
      fileName,
      expected: `at least ${LENGTH_BYTES} bytes`,
      found: `${start.length}`,
    });
  }
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new SafetensorsError('HeaderTooLarge', {
      fileName,
      expected: `a header of at most ${MAX_HEADER_BYTES} bytes`,
      found: `${length}`,
      remedy: 'Is this a safetensors file?',
    });
  }
  if (length > BigInt(total - LENGTH_BYTES)) {
    throw new SafetensorsError('InvalidHeaderLength', {
      fileName,
      expected: `a header of ${length} bytes`,
      found: `${total - LENGTH_BYTES} bytes after its length`,
    });
  }
  return Number(length);
}

/**
 * The header's content, checked against the file's size. The entries come in the order of their bytes.
 *
 * @param header its bytes
 * @param total bytes of the file
 * @throws SafetensorsError naming the tensor
 */
export function checkedHeader(
  header: Uint8Array,
  total: number,
  fileName?: string,
): { metadata: Record<string, string>; entries: HeaderEntry[] } {
  const { metadata, entries } = parseHeader(headerText(header, fileName), fileName);
  const end = BigInt(LENGTH_BYTES + header.length) + checkLayout(entries, fileName);
  if (end !== BigInt(total)) {
    throw new SafetensorsError('MetadataIncompleteBuffer', {
      fileName,
      expected: `${end} bytes in all, as its header says`,
      found: `${total}`,
      remedy: 'The file is cut off or has something appended; copy or save it again.',
    });
  }
  return { metadata, entries };
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
