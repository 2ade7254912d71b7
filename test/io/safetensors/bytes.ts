/** A file of this header (as it is, unpadded) and as many bytes of data. */
export function file(
  header: string | Uint8Array,
  dataBytes = 0,
  headerLength?: bigint,
): Uint8Array {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerLength ?? BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

/** A tensor's entry in the header, well-formed unless told otherwise. */
export const entry = (name: string, dtype = '"F32"', shape = '[1]', offsets = '[0,4]') =>
  `${JSON.stringify(name)}:{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
