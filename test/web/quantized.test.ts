import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parseSafetensors } from '../../lib/io/safetensors';
import { toHalf } from '../../lib/io/safetensors/half';
import { packed, unpacked } from '../../lib/web/quantized';
import { root } from '../support/script';

const halves = () => {
  const file = path.join(root, 'test/fixtures/safetensors/halves.safetensors');
  return [...parseSafetensors(fs.readFileSync(file)).tensors].filter(
    ([, { dtype }]) => dtype === 'F16',
  );
};

it('float16 is that of Python, to the bit', () => {
  const tensors = halves();
  expect(tensors.length).toBeGreaterThan(0);
  for (const [name, tensor] of tensors) {
    const { data } = unpacked(new Map([[name, tensor]]), 'halves').get(name)!;
    const bits = new Uint16Array(tensor.data.slice().buffer);
    const isNumber = (_: number, i: number) => !Number.isNaN(data[i]);
    expect([...toHalf(data)].filter(isNumber)).toEqual([...bits].filter(isNumber));
  }
});

it('float16 rounds to the nearest, ties to even', () => {
  // As Python packs them: struct.pack("<e", number); above the range infinite, as IEEE 754 says.
  const numbers = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, -65520, 2 ** -25, 1.5 * 2 ** -24];
  const bits = [0x3c00, 0x3c02, 0x7bff, 0x7c00, 0xfc00, 0x0000, 0x0002];
  expect([...toHalf(Float32Array.from(numbers))]).toEqual(bits);
  expect([...toHalf(Float32Array.of(-0, 2 ** -14 - 2 ** -26, NaN))]).toEqual([
    0x8000, 0x0400, 0x7e00,
  ]);
});

it('int8 has a scale for each row, and is off by half of it at most', () => {
  const data = Float32Array.of(1, -127, 0.4, 0.5, 0, 0, 0, 0, 254, 3, -5, 1);
  const files = new Map(packed('w', { shape: [3, 2, 2], data }, 'int8'));
  expect([...new Int8Array(files.get('w')!.data.slice().buffer)]).toEqual([
    1, -127, 0, 0, 0, 0, 0, 0, 127, 2, -2, 0,
  ]);
  const back = unpacked(files, 'file').get('w')!;
  expect(back.shape).toEqual([3, 2, 2]);
  expect([...back.data]).toEqual([1, -127, 0, 0, 0, 0, 0, 0, 254, 4, -4, 0]);
});

it('a matrix of int8 without its scales is refused', () => {
  const files = new Map(packed('w', { shape: [2, 2], data: new Float32Array(4) }, 'int8'));
  const scale = files.get('w_scale')!;
  files.set('w_scale', { ...scale, shape: [1], data: scale.data.subarray(4) });
  expect(() => unpacked(files, 'unet.safetensors')).toThrow(
    /^unet\.safetensors: expected w_scale with a number for each of 2 rows, got \[1\]\. The file is damaged/,
  );
  files.delete('w_scale');
  expect(() => unpacked(files, 'unet.safetensors')).toThrow(/2 rows, got nothing/);
});
