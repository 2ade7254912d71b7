import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatValues } from '../../lib/notebook/numbers';

interface Case {
  readonly shape: number[];
  readonly floats: boolean;
  readonly data: (number | string)[];
  readonly text: string;
}
const file = path.join(__dirname, '../fixtures/tensor-prints.json');
const cases = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Case>;
const special: Record<string, number> = { nan: NaN, inf: Infinity, '-inf': -Infinity };

describe("numbers are written as torch's", () => {
  it.each(Object.entries(cases))('%s', (_, { shape, floats, data, text }) => {
    const numbers = data.map((value) => (typeof value === 'string' ? special[value]! : value));
    const values = floats ? Float32Array.from(numbers) : Int32Array.from(numbers);
    expect(formatValues({ data: values, shape, floats }, 'tensor('.length)).toBe(text);
  });
});

it('of nothing', () => {
  expect(formatValues({ data: [], shape: [0, 3], floats: true })).toBe('[]');
});

it('texts, flags and bigints', () => {
  expect(formatValues({ data: ['a', 'bc'], shape: [2], floats: false })).toBe('[ "a", "bc"]');
  expect(formatValues({ data: [true, false], shape: [2], floats: false })).toBe('[ true, false]');
  expect(formatValues({ data: [2n ** 60n], shape: [], floats: false })).toBe('1152921504606846976');
});
