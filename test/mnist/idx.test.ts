import { gzipSync } from 'node:zlib';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IdxError, parseIdx, readIdx } from '../../lib/mnist/idx';
import { idxBytes } from '../support/idx-bytes';

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'idx-'));
});
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
});

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  fs.writeFileSync(path, bytes);
  return path;
}

describe('parseIdx', () => {
  test.each([
    ['uint8', 0x08, [0, 255], Uint8Array.of(0, 255)],
    ['int8', 0x09, [0x80, 1], Int8Array.of(-128, 1)],
    ['int16', 0x0b, [0xff, 0xfe, 0, 2], Int16Array.of(-2, 2)],
    ['int32', 0x0c, [0xff, 0xff, 0xff, 0xfd, 0, 1, 0, 0], Int32Array.of(-3, 65536)],
    ['float32', 0x0d, [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0], Float32Array.of(1.5, -2)],
    [
      'float64',
      0x0e,
      [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0],
      Float64Array.of(1.5, -2),
    ],
  ])('%s', (_, type, data, expected) => {
    const bytes = Uint8Array.of(0, 0, type, 2, 0, 0, 0, 1, 0, 0, 0, 2, ...data);
    const { shape, data: numbers } = parseIdx(bytes, 'x');
    expect(shape).toEqual([1, 2]);
    expect(numbers).toEqual(expected);
  });

  test.each([
    ['an empty file', [], 'an IDX header of at least 4 bytes', '0 bytes'],
    [
      'another magic number',
      [0x3c, 0x21, 0x44, 0x4f],
      'an IDX file (00 00 …)',
      'the bytes 3c 21 44 4f',
    ],
    ['an unknown type', [0, 0, 0x0a, 1, 0, 0, 0, 1, 0], /^type 08 \(uint8\)/, '0a'],
    ['rank 0', [0, 0, 8, 0, 5], 'rank 1 or more', '0'],
    [
      'a header cut off',
      [0, 0, 8, 3, 0, 0, 0, 1],
      '16 bytes of header for rank 3',
      '8 bytes in all',
    ],
    ['a size of 0', [0, 0, 8, 1, 0, 0, 0, 0], 'sizes of 1 or more', '[0]'],
    [
      'a huge size',
      [0, 0, 8, 1, 255, 255, 255, 255, 1],
      '4294967303 bytes for sizes [4294967295]',
      '9 bytes',
    ],
    [
      'huge sizes',
      [0, 0, 14, 2, 255, 255, 255, 255, 255, 255, 255, 255],
      /^1475739525\d* bytes/,
      '12 bytes',
    ],
    ['a byte missing', [0, 0, 8, 1, 0, 0, 0, 2, 7], '10 bytes for sizes [2]', '9 bytes'],
    ['a byte too many', [0, 0, 8, 1, 0, 0, 0, 1, 7, 7], '9 bytes for sizes [1]', '10 bytes'],
  ])('refuses %s', (_, bytes, expected, found) => {
    let error: unknown;
    try {
      parseIdx(Uint8Array.from(bytes), 'train-images');
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof IdxError)) throw new Error('expected an IdxError');
    expect(error.fileName).toBe('train-images');
    if (typeof expected === 'string') expect(error.expected).toBe(expected);
    else expect(error.expected).toMatch(expected);
    expect(error.found).toBe(found);
    expect(error.message).toContain('train-images: expected ');
  });
});

describe('readIdx', () => {
  const raw = idxBytes([2, 3], [1, 2, 3, 4, 5, 6]);

  test('raw and gzipped alike, whatever the name', () => {
    for (const path of [write('a', raw), write('b.gz', gzipSync(raw)), write('c', gzipSync(raw))]) {
      expect([...readIdx(path).data]).toEqual([1, 2, 3, 4, 5, 6]);
    }
  });

  test('refuses gzip data cut off, altered, with something appended, doubled, or too large', () => {
    const packed = gzipSync(raw);
    const altered = Uint8Array.from(packed);
    altered[packed.length - 5] = (altered[packed.length - 5] ?? 0) ^ 1; // within the checksum
    const junk = Buffer.concat([packed, Buffer.from('junk')]);
    const refuse = (name: string, bytes: Uint8Array, message: string | RegExp) =>
      expect(() => readIdx(write(name, bytes), { maxBytes: 1000 })).toThrow(message);
    refuse(
      'cut.gz',
      packed.subarray(0, -4),
      /cut\.gz: expected whole gzip data, found unexpected end/,
    );
    refuse('crc.gz', altered, /crc\.gz: expected whole gzip data, found incorrect data check/);
    refuse('junk.gz', junk, /junk\.gz: expected whole gzip data, found incorrect header check/);
    refuse(
      'twice.gz',
      Buffer.concat([packed, packed]),
      'expected 18 bytes for sizes [2, 3], found 36',
    );
    refuse(
      'bomb.gz',
      gzipSync(Buffer.alloc(100_000)),
      'bomb.gz: expected at most 1000 bytes unpacked',
    );
    refuse('large', Buffer.alloc(1001), 'large: expected at most 1000 bytes, found 1001');
    refuse(
      'page.gz',
      Buffer.from('<!DOCTYPE html>'),
      'page.gz: expected gzip data (1f 8b …), found the bytes 3c 21',
    );
  });

  test('the file system’s error for a missing file', () => {
    expect(() => readIdx(join(folder, 'none'))).toThrow(/ENOENT/);
  });
});
