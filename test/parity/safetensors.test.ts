/** Our reader and writer of safetensors against the Python package's. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import {
  parseSafetensors,
  SafetensorsError,
  serializeSafetensors,
  type SafetensorsDtype,
  type SafetensorsTensor,
} from '../../lib/io/safetensors';
import { figure, seededRandom, times } from '../support/soak';
import { MINUTES_10, runPython, temporaryFolder, writeJson } from './python';

const folder = temporaryFolder();
const random = seededRandom(2024);
const below = (count: number) => Math.floor(random() * count);
const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;

/** What numpy has. */
const WIDTHS: Partial<Record<SafetensorsDtype, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};
const DTYPES = Object.keys(WIDTHS) as SafetensorsDtype[];
const NAMES = ['weight', 'bias', 'ü', '日本', 'a"b', 'back\\slash', '__proto__', 'x/y', '😀', ' '];

function randomTensor(): SafetensorsTensor {
  const dtype = pick(DTYPES);
  const shape = Array.from({ length: below(4) }, () => below(4));
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = new Uint8Array(count * (WIDTHS[dtype] ?? 1));
  for (let i = 0; i < bytes.length; i++) bytes[i] = dtype === 'BOOL' ? below(2) : below(256);
  return { dtype, shape, data: bytes };
}

function randomSet(): Map<string, SafetensorsTensor> {
  const names = Array.from({ length: below(6) }, (_, i) => `${pick(NAMES)}.${below(20)}.${i}`);
  return new Map(names.map((name) => [name, randomTensor()]));
}

function concatenated(files: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    files.flatMap((file) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(file.length);
      return [length, file];
    }),
  );
}

it(
  'random tensors: the Python package writes the same bytes',
  () => {
    const count = times(200, 1000);
    const metadata = Array.from({ length: count }, () =>
      random() < 0.5 ? null : { format: 'pt', step: String(below(1000)) },
    );
    // Two keys at most are written in an order that the package does not promise; one is enough here.
    const kept = metadata.map((meta) => (meta === null ? null : { step: meta.step }));
    const files = kept.map((meta) => serializeSafetensors(randomSet(), meta ?? undefined));
    writeFileSync(path.join(folder, 'written.bin'), concatenated(files));
    writeJson(path.join(folder, 'written.json'), kept);
    runPython('safetensors_oracle.py', folder);
    expect(readFileSync(path.join(folder, 'written.txt'), 'utf8')).toBe('1'.repeat(count));
    figure(
      'random tensor sets written here, loaded and saved by Python',
      `${count}: 0 differing bytes`,
    );
  },
  MINUTES_10,
);

/** A sound file, changed at random: bits, bytes, cuts, splices, and digits and words of the header. */
function mutated(): Uint8Array {
  let bytes: Uint8Array = serializeSafetensors(
    randomSet(),
    random() < 0.5 ? { k: 'v' } : undefined,
  );
  for (let edits = 1 + below(3); edits > 0 && bytes.length > 0; edits--) {
    const at = random() < 0.7 ? below(Math.min(bytes.length, 200)) : below(bytes.length);
    const kind = below(7);
    bytes = Uint8Array.from(bytes);
    if (kind === 0) bytes[at]! ^= 1 << below(8);
    else if (kind === 1) bytes[at] = below(256);
    else if (kind === 2) bytes = bytes.subarray(0, at);
    else if (kind === 3)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(below(at + 1))]);
    else bytes = editHeader(bytes, kind);
  }
  return bytes;
}

/** Changes the header's text and keeps its length right, so that more than the length is tried. */
function editHeader(bytes: Uint8Array, kind: number): Uint8Array {
  if (bytes.length < 8) return bytes;
  const length = Number(Buffer.from(bytes).readBigUInt64LE(0));
  if (8 + length > bytes.length) return bytes;
  let text = Buffer.from(bytes.subarray(8, 8 + length)).toString('utf8');
  const swap = (pattern: RegExp, by: () => string) => {
    const matches = [...text.matchAll(pattern)];
    if (matches.length === 0) return;
    const { index = 0, 0: found } = pick(matches);
    text = text.slice(0, index) + by() + text.slice(index + found.length);
  };
  if (kind === 4)
    swap(/\d+/g, () =>
      pick([
        '0',
        '1',
        '2',
        '8',
        '1.0',
        '1e1',
        '-1',
        '-0',
        '18446744073709551615',
        '01',
        String(below(64)),
      ]),
    );
  else if (kind === 5)
    swap(/"[A-Z]+\d*"/g, () =>
      JSON.stringify(pick(['F32', 'F16', 'BF16', 'U8', 'F4', 'f32', 'X', 'F8_E4M3'])),
    );
  else
    swap(/[{}[\]:,"]/g, () =>
      pick(['', ' ', ',', '"', '{', '}', '[', ']', ',"a":1', '\ufeff', '\\u0000']),
    );
  const header = Buffer.from(text);
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([start, header, bytes.subarray(8 + length)]);
}

it(
  'of changed files none loads that the Python package refuses, and none crashes',
  () => {
    const batches = times(1, 25);
    const size = 4000;
    let [both, neither] = [0, 0];
    const stricter = new Map<string, number>();
    let slowest = 0;
    for (let batch = 0; batch < batches; batch++) {
      const files = Array.from({ length: size }, mutated);
      const ours = files.map((bytes) => {
        const start = performance.now();
        try {
          parseSafetensors(bytes);
          return null;
        } catch (error) {
          if (!(error instanceof SafetensorsError)) throw error;
          return error;
        } finally {
          slowest = Math.max(slowest, performance.now() - start);
        }
      });
      writeFileSync(path.join(folder, 'mutated.bin'), concatenated(files));
      runPython('safetensors_oracle.py', folder);
      const theirs = readFileSync(path.join(folder, 'mutated.txt'), 'utf8');
      expect(theirs).toHaveLength(size);
      ours.forEach((error, i) => {
        const loadsThere = theirs[i] === '1';
        if (error === null)
          expect(loadsThere, Buffer.from(files[i]!).toString('base64')).toBe(true);
        if (error === null) both += 1;
        else if (!loadsThere) neither += 1;
        else {
          const reason = /twice|unknown/.exec(error.message)?.[0] ?? error.message;
          stricter.set(reason, (stricter.get(reason) ?? 0) + 1);
        }
      });
    }
    // What the reference lets through by its documentation's own rules: a key twice, a key it does not know.
    expect([...stricter.keys()].filter((reason) => !['twice', 'unknown'].includes(reason))).toEqual(
      [],
    );
    expect(both).toBeGreaterThan(size / 100);
    figure(
      'changed safetensors files, against the Python reader',
      `${batches * size} files: ${both} load in both, ${neither} in neither, 0 only here, ` +
        `${[...stricter.values()].reduce((a, b) => a + b, 0)} only there (a key twice or unknown); no crash, ` +
        `the slowest took ${slowest.toFixed(0)} ms`,
    );
  },
  MINUTES_10 * 3,
);
