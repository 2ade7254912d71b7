import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  SafetensorsError,
  fromFloat32Array,
  fromInt32Array,
  parseSafetensors,
  readSafetensors,
  serializeSafetensors,
  toFloat32Array,
  toInt32Array,
  writeSafetensors,
  type SafetensorsTensor,
} from '../../../lib/io/safetensors';

const fixtures = join(__dirname, '..', '..', 'fixtures', 'safetensors');
const golden = (name: string) => fs.readFileSync(join(fixtures, `${name}.safetensors`));
const names = ['dtypes', 'names', 'shapes', 'nothing', 'metadata', 'halves', 'doubles'];

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'safetensors-'));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true });
});

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SafetensorsError) return error.code;
    throw error;
  }
  return 'none';
}

describe('against files of the Python package', () => {
  test.each(names)('%s: read and written again, the bytes are equal', (name) => {
    const { tensors, metadata } = parseSafetensors(golden(name), name);
    const shuffled = new Map([...tensors].reverse());
    const kept = Object.keys(metadata).length > 0 ? metadata : undefined;
    expect(Buffer.from(serializeSafetensors(shuffled, kept)).equals(golden(name))).toBe(true);
  });

  test('dtypes, shapes and metadata', () => {
    const { tensors, metadata } = parseSafetensors(golden('dtypes'));
    expect({ ...metadata }).toEqual({ format: 'pt' });
    expect(tensors.size).toBe(38);
    expect(tensors.get('u16.1')).toMatchObject({ dtype: 'U16', shape: [3] });
    expect(tensors.get('bf16.2')?.data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6)); // no Buffer
    const shapes = parseSafetensors(golden('shapes')).tensors;
    expect(shapes.get('scalar')?.shape).toEqual([]);
    expect(shapes.get('empty')?.shape).toEqual([2, 0]);
  });

  test('F16, BF16 and F64 become the same float32, bit for bit', () => {
    for (const file of ['halves', 'doubles']) {
      const { tensors } = parseSafetensors(golden(file));
      for (const [name, tensor] of tensors) {
        const expected = tensors.get(`${name}.as_f32`);
        if (expected === undefined) continue;
        const actual = toFloat32Array(tensor);
        const wanted = toFloat32Array(expected);
        expect(actual.length).toBe(wanted.length);
        // NaN payloads are the processor's affair
        const differing = actual.findIndex((value, i) => !Object.is(value, wanted[i]));
        expect(differing, name).toBe(-1);
      }
    }
  });
});

describe('numbers', () => {
  test('Float32Array there and back, whatever the alignment', () => {
    const data = Float32Array.of(1.5, -0, NaN, Infinity, 1e-45);
    const tensor = fromFloat32Array(data.subarray(1), [2, 2]);
    const odd = new Uint8Array(17).subarray(1);
    odd.set(tensor.data);
    expect(toFloat32Array({ ...tensor, data: odd })).toEqual(data.subarray(1));
  });

  test('fromFloat32Array copies', () => {
    const data = Float32Array.of(1, 2);
    const tensor = fromFloat32Array(data, [2]);
    data[0] = 9;
    expect([...toFloat32Array(tensor)]).toEqual([1, 2]);
  });

  test('integers', () => {
    const i32 = fromInt32Array(Int32Array.of(-1, 2 ** 31 - 1), [2]);
    expect(i32.dtype).toBe('I32');
    expect([...toInt32Array(i32)]).toEqual([-1, 2 ** 31 - 1]);
    const i64 = (value: bigint): SafetensorsTensor => ({
      dtype: 'I64',
      shape: [1],
      data: new Uint8Array(BigInt64Array.of(value).buffer),
    });
    expect([...toInt32Array(i64(-(2n ** 31n)))]).toEqual([-(2 ** 31)]);
    expect(() => toInt32Array(i64(2n ** 31n), 'step')).toThrow(
      'tensor "step": expected numbers within the range of an int32, found 2147483648 at position 0',
    );
    const bool: SafetensorsTensor = { dtype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) };
    expect([...toInt32Array(bool)]).toEqual([1, 0]);
  });

  test('refuses dtypes it would have to guess at', () => {
    const tensor: SafetensorsTensor = { dtype: 'I64', shape: [1], data: new Uint8Array(8) };
    expect(() => toFloat32Array(tensor, 'ids')).toThrow(
      'tensor "ids": expected F32, F16, BF16 or F64, found I64 of shape [1] (UnsupportedDtype)',
    );
    expect(codeOf(() => toInt32Array(fromFloat32Array(Float32Array.of(1), [1])))).toBe(
      'UnsupportedDtype',
    );
    const huge = new Uint8Array(Float64Array.of(1e39).buffer);
    expect(codeOf(() => toFloat32Array({ dtype: 'F64', shape: [1], data: huge }))).toBe(
      'ValueOutOfRange',
    );
  });
});

describe('serializeSafetensors refuses', () => {
  const one = (tensor: Partial<SafetensorsTensor>, name = 'a') =>
    new Map([[name, { ...fromFloat32Array(Float32Array.of(1), [1]), ...tensor }]]);

  test.each([
    ['bytes that do not fill the shape', one({ shape: [2] }), 'InvalidTensorView'],
    ['a fraction in the shape', one({ shape: [0.5] }), 'InvalidTensorView'],
    ['a negative size', one({ shape: [-1] }), 'InvalidTensorView'],
    ['an unknown dtype', one({ dtype: 'f32' as 'F32' }), 'InvalidTensorView'],
    ['half bytes', one({ dtype: 'F4', shape: [1], data: new Uint8Array(1) }), 'MisalignedSlice'],
    ['a size above 64 bits', one({ shape: [2 ** 52, 2 ** 52] }), 'ValidationOverflow'],
    ['the name __metadata__', one({}, '__metadata__'), 'InvalidHeader'],
    ['a name with half a character', one({}, '\ud800'), 'InvalidHeader'],
  ])('%s', (_, tensors, code) => {
    expect(codeOf(() => serializeSafetensors(tensors))).toBe(code);
  });

  test('metadata that is no string or too much', () => {
    const metadata = { step: 3 } as unknown as Record<string, string>;
    expect(() => serializeSafetensors(new Map(), metadata)).toThrow(
      'expected a string as metadata "step", found number (InvalidHeader)',
    );
    const large = { text: 'x'.repeat(100_000_000) };
    expect(codeOf(() => serializeSafetensors(new Map(), large))).toBe('HeaderTooLarge');
  });
});

describe('files', () => {
  const tensors = new Map([['w', fromFloat32Array(Float32Array.of(1, 2, 3), [3])]]);

  test('written and read', () => {
    const path = join(folder, 'model.safetensors');
    writeSafetensors(path, tensors, { format: 'pt' });
    const file = readSafetensors(path);
    expect(file.metadata['format']).toBe('pt');
    expect([...toFloat32Array(file.tensors.get('w')!)]).toEqual([1, 2, 3]);
    expect(fs.readdirSync(folder)).toEqual(['model.safetensors']);
  });

  test('a failed write leaves the old file and nothing else', () => {
    const path = join(folder, 'model.safetensors');
    writeSafetensors(path, tensors);
    const before = fs.readFileSync(path);
    const bad = new Map([['w', fromFloat32Array(Float32Array.of(1), [2])]]);
    expect(codeOf(() => writeSafetensors(path, bad))).toBe('InvalidTensorView');
    expect(fs.readFileSync(path).equals(before)).toBe(true);
    expect(fs.readdirSync(folder)).toEqual(['model.safetensors']);
  });

  test('a target that is a folder is refused, and nothing is left beside it', () => {
    const path = join(folder, 'taken');
    fs.mkdirSync(path);
    expect(codeOf(() => writeSafetensors(path, tensors))).toBe('IoError');
    expect(fs.readdirSync(folder)).toEqual(['taken']);
  });

  test('a link stays a link', () => {
    const target = join(folder, 'target');
    const link = join(folder, 'link');
    fs.writeFileSync(target, 'old');
    fs.symlinkSync(target, link);
    writeSafetensors(link, tensors);
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readSafetensors(target).tensors.size).toBe(1);
  });

  test('no such file or folder', () => {
    const missing = join(folder, 'none', 'x.safetensors');
    expect(() => readSafetensors(missing)).toThrow(
      /none.x\.safetensors: expected a readable file.*ENOENT/,
    );
    expect(codeOf(() => readSafetensors(missing))).toBe('IoError');
    expect(codeOf(() => writeSafetensors(missing, tensors))).toBe('IoError');
  });
});
