import zlib from 'node:zlib';
import { expect, it } from 'vitest';
import { fromLetters, gunzip, joined, split, toLetters } from '../../lib/web/archive';

const bytes = (length: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 7919 + (i >> 3)) % 256);

it.each([0, 1, 3, 4, 5, 1023])('%d bytes come back out of letters', (length) => {
  const letters = toLetters(bytes(length));
  expect(letters).toMatch(/^[^&<>"'`\\$%\s]*$/);
  expect(letters.length).toBe(Math.ceil(length / 4) * 5);
  expect(fromLetters(letters).subarray(0, length)).toEqual(bytes(length));
});

it('the largest number has letters, too', () => {
  expect(fromLetters(toLetters(Uint8Array.of(255, 255, 255, 255)))).toEqual(
    Uint8Array.of(255, 255, 255, 255),
  );
});

it.each(['0000', '0000<', '000 0', '0000é', '00000€0000'])('%j is refused', (text) => {
  expect(() => fromLetters(text)).toThrow('expected letters of an archive, got others');
});

it('files come back as they were, compressed', async () => {
  const files = { 'a/b.json': bytes(12), empty: bytes(0), 'ü.bin': bytes(1000) };
  const packed = new Uint8Array(zlib.gzipSync(joined(files)));
  expect(split(await gunzip(packed))).toEqual(files);
  await expect(gunzip(packed.slice(0, 200))).rejects.toThrow();
  expect(() => split(joined(files).slice(0, 900))).toThrow(/^expected \d+ bytes, got 900$/);
});
