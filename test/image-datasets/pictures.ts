/** Small pictures and folders for tests. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { PNG } from 'pngjs';
import { temporaryFolder } from '../support/temporary';

export type Files = Readonly<Record<string, Uint8Array | string>>;

/** A picture of one colour. */
export function png(colour: readonly number[] = [200, 100, 50], width = 12, height = 9): Buffer {
  const image = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) image.data.set([...colour, 255].slice(0, 4), 4 * i);
  return PNG.sync.write(image);
}

/** A PNG whose header says this size, whatever follows. */
export function pngWithHeader(width: number, height: number, pixels = Buffer.alloc(0)): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A tar with these members, in this order. */
export async function tarOf(
  members: readonly (readonly [name: string, content: Buffer | string, type?: 'symlink'])[],
): Promise<Buffer> {
  const archive = pack();
  for (const [name, content, type] of members) {
    if (type) archive.entry({ name, type, linkname: String(content) });
    else archive.entry({ name }, Buffer.from(content));
  }
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive as unknown as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

/** A new folder with these files, removed after the file's tests. */
export function folderOf(files: Files): string {
  const folder = temporaryFolder('pictures');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

export const jsonl = (...rows: object[]) => rows.map((row) => JSON.stringify(row) + '\n').join('');
