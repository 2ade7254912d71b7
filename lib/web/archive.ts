/** Files in one HTML text: an index, then their bytes; compressed, and as letters that stand in HTML as they are. */

/** 85 letters that HTML, JavaScript and JSON keep as they are: none of & < > " ' ` \ $ %. */
const LETTERS =
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#()*+,-./:;=?@[]^_{|}~';
const VALUES = new Uint8Array(128).fill(255);
[...LETTERS].forEach((letter, i) => (VALUES[letter.charCodeAt(0)] = i));

export type Files = Readonly<Record<string, Uint8Array>>;

/** Five letters for each four bytes, the last ones filled up with zeros. */
export function toLetters(bytes: Uint8Array): string {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const codes = new Uint8Array((padded.length / 4) * 5);
  for (let i = 0, at = 0; i < padded.length; i += 4, at += 5) {
    let rest = view.getUint32(i);
    for (let k = 4; k >= 0; k--) {
      codes[at + k] = LETTERS.charCodeAt(rest % 85);
      rest = Math.floor(rest / 85);
    }
  }
  return new TextDecoder().decode(codes);
}

/** @throws Error for other letters, or if some are missing */
export function fromLetters(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.floor(text.length / 5) * 4);
  const view = new DataView(bytes.buffer);
  let wrong = text.length % 5;
  for (let i = 0, at = 0; at + 5 <= text.length; i += 4, at += 5) {
    let number = 0;
    for (let k = 0; k < 5; k++) {
      const value = VALUES[text.charCodeAt(at + k)] ?? 255;
      wrong |= value & 128;
      number = number * 85 + value;
    }
    view.setUint32(i, number);
  }
  if (wrong !== 0) throw new Error('expected letters of an archive, got others');
  return bytes;
}

const HEAD = 8;

/** An index of names and sizes, its length before it, and the bytes; not compressed. */
export function joined(files: Files): Uint8Array<ArrayBuffer> {
  const sizes = Object.entries(files).map(([name, { length }]) => [name, length] as const);
  const index = new TextEncoder().encode(JSON.stringify(sizes));
  const total = sizes.reduce((sum, [, size]) => sum + size, HEAD + index.length);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, index.length);
  view.setUint32(4, total);
  bytes.set(index, HEAD);
  let at = HEAD + index.length;
  for (const file of Object.values(files)) {
    bytes.set(file, at);
    at += file.length;
  }
  return bytes;
}

/** @throws Error if bytes are missing */
export function split(bytes: Uint8Array<ArrayBuffer>): Record<string, Uint8Array<ArrayBuffer>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [length, total] = [view.getUint32(0), view.getUint32(4)];
  if (total > bytes.length) throw new Error(`expected ${total} bytes, got ${bytes.length}`);
  const index = new TextDecoder().decode(bytes.subarray(HEAD, HEAD + length));
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  let at = HEAD + length;
  for (const [name, size] of JSON.parse(index) as [string, number][]) {
    files[name] = bytes.slice(at, (at += size));
  }
  return files;
}

/** Decompresses what gzip made. @throws the platform's error if bytes are missing, or too many */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
