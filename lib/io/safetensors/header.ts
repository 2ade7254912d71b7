/** The JSON header of a safetensors file: read, checked and written as the reference does it. */

import { SafetensorsError, quote, type SafetensorsErrorCode } from './error';
import { OtherNumber, StrictJsonError, parseStrictJson, type StrictJson } from './json';

/** Bits of one element. In the reference's order of increasing alignment, which the writer sorts by. */
const DTYPE_BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** The element types of the format, by its names. */
export type SafetensorsDtype = keyof typeof DTYPE_BITS;

const DTYPES = Object.keys(DTYPE_BITS) as SafetensorsDtype[];
const MAX_SIZE = 2n ** 64n - 1n;

/** Bytes of the header's length, which starts the file. */
export const LENGTH_BYTES = 8;
/** The reference's limit, for reading and writing. */
export const MAX_HEADER_BYTES = 100_000_000;

/** One tensor: row-major, little-endian bytes. */
export interface SafetensorsTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** One tensor as its header entry describes it. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly bigint[];
  readonly begin: bigint;
  readonly end: bigint;
}

/** Place of the dtype in the order of increasing alignment. */
export function dtypeRank(dtype: SafetensorsDtype): number {
  return DTYPES.indexOf(dtype);
}

/**
 * Bytes of a tensor, exact at any size.
 *
 * @throws SafetensorsError ValidationOverflow above 64 bits; MisalignedSlice if the bits of a dtype
 *   smaller than a byte do not fill whole bytes
 */
export function byteSize(
  dtype: SafetensorsDtype,
  shape: readonly bigint[],
  where: { fileName?: string | undefined; tensorName: string },
): bigint {
  let bits = 1n;
  for (const factor of [...shape, BigInt(DTYPE_BITS[dtype])]) {
    bits *= factor;
    if (bits > MAX_SIZE) {
      throw new SafetensorsError('ValidationOverflow', {
        ...where,
        expected: 'a size that fits 64 bits',
        found: `${dtype} of shape [${shape.join(', ')}]`,
      });
    }
  }
  if (bits % 8n !== 0n) {
    throw new SafetensorsError('MisalignedSlice', {
      ...where,
      expected: 'a whole number of bytes',
      found: `${bits} bits (${dtype} of shape [${shape.join(', ')}])`,
    });
  }
  return bits / 8n;
}

/**
 * Reads the header's text. Offsets are not compared with each other or the file here.
 *
 * @throws SafetensorsError InvalidHeaderDeserialization
 */
export function parseHeader(
  text: string,
  fileName?: string,
): { metadata: Record<string, string>; entries: HeaderEntry[] } {
  let header: StrictJson;
  try {
    header = parseStrictJson(text);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    const { expected, found, key } = error;
    throw invalid(expected, found, fileName, key);
  }
  if (!(header instanceof Map)) {
    throw invalid('a JSON object as header', describe(header), fileName);
  }
  // Without a prototype, "__proto__" is a key like any other.
  let metadata: Record<string, string> = Object.create(null) as Record<string, string>;
  const entries: HeaderEntry[] = [];
  for (const [name, value] of header as ReadonlyMap<string, StrictJson>) {
    if (name === '__metadata__') metadata = readMetadata(value, fileName);
    else entries.push(readEntry(name, value, fileName));
  }
  return { metadata, entries };
}

function readMetadata(value: StrictJson, fileName?: string): Record<string, string> {
  const metadata = Object.create(null) as Record<string, string>;
  if (value === null) return metadata; // the reference takes null for none
  if (!(value instanceof Map)) {
    throw invalid('__metadata__ to be an object of strings', describe(value), fileName);
  }
  for (const [key, text] of value as ReadonlyMap<string, StrictJson>) {
    if (typeof text !== 'string') {
      throw invalid(`a string as __metadata__ ${quote(key)}`, describe(text), fileName);
    }
    metadata[key] = text;
  }
  return metadata;
}

function readEntry(name: string, value: StrictJson, fileName?: string): HeaderEntry {
  const refuse = (expected: string, found: string) => invalid(expected, found, fileName, name);
  if (!(value instanceof Map)) {
    throw refuse('an object of dtype, shape and data_offsets', describe(value));
  }
  const fields = value as ReadonlyMap<string, StrictJson>;
  const missing = ['dtype', 'shape', 'data_offsets'].filter((key) => !fields.has(key));
  const unknown = [...fields.keys()].filter((key) => !/^(dtype|shape|data_offsets)$/.test(key));
  if (missing.length + unknown.length > 0) {
    const found = [
      ...missing.map((key) => `no ${key}`),
      ...unknown.map((key) => `an unknown ${quote(key)}`),
    ];
    throw refuse('dtype, shape and data_offsets and nothing else', found.join(', '));
  }
  const dtype = fields.get('dtype') ?? null;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BITS, dtype)) {
    throw refuse(`a dtype of ${DTYPES.join(', ')}`, describe(dtype));
  }
  const sizes = (key: string): bigint[] => {
    const items = fields.get(key) ?? null;
    if (!Array.isArray(items)) throw refuse(`${key} to be a list of sizes`, describe(items));
    return items.map((item: StrictJson) => {
      if (typeof item !== 'bigint') {
        throw refuse(`whole numbers from 0 to 2^64 - 1 in ${key}`, describe(item));
      }
      return item;
    });
  };
  const shape = sizes('shape');
  const [begin, end, ...more] = sizes('data_offsets');
  if (begin === undefined || end === undefined || more.length > 0) {
    const count = (begin === undefined ? 0 : end === undefined ? 1 : 2) + more.length;
    throw refuse('two data_offsets, begin and end', `${count}`);
  }
  return { name, dtype: dtype as SafetensorsDtype, shape, begin, end };
}

function invalid(expected: string, found: string, fileName?: string, tensorName?: string) {
  const code: SafetensorsErrorCode = 'InvalidHeaderDeserialization';
  return new SafetensorsError(code, { fileName, tensorName, expected, found });
}

function describe(value: StrictJson): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof OtherNumber) return value.text.slice(0, 40);
  return Array.isArray(value) ? 'a list' : 'an object';
}

/**
 * The header's text for tensors already in the order of their bytes; metadata keys are sorted, so
 * that equal content gives equal bytes.
 */
export function formatHeader(
  entries: readonly HeaderEntry[],
  metadata: Readonly<Record<string, string>> | undefined,
): string {
  const fields: string[] = [];
  if (metadata !== undefined) {
    const pairs = Object.keys(metadata)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
    fields.push(`"__metadata__":{${pairs.join(',')}}`);
  }
  for (const { name, dtype, shape, begin, end } of entries) {
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape.join(',')}],` +
        `"data_offsets":[${begin},${end}]}`,
    );
  }
  return `{${fields.join(',')}}`;
}
