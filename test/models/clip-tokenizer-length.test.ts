import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tokenizer-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const CONFIG = 'tokenizer_config.json';
const configOf = (name: string) => fs.readFileSync(join(name, CONFIG), 'utf8');

describe('modelMaxLength, as model_max_length of transformers', () => {
  it("is 77 for CLIP's own and 8 for the small one, and the default of encode", () => {
    expect(CLIPTokenizer.fromPretrained().encode('x').shape).toEqual([1, 77]);
    const small = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER);
    expect([small.modelMaxLength, small.encode(['x', 'y']).shape]).toEqual([8, [2, 8]]);
  });

  it('can be set', () => {
    const tokenizer = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER, { modelMaxLength: 12 });
    expect(tokenizer.encode('x').shape).toEqual([1, 12]);
    tokenizer.modelMaxLength = 16;
    expect(tokenizer.encode('x').shape).toEqual([1, 16]);
    expect(tokenizer.encode('x', { maxLength: undefined }).shape).toEqual([1, 16]);
    expect(tokenizer.encode('x', { maxLength: 5 }).shape).toEqual([1, 5]);
    expect(tokenizer.encode('x', { maxLength: 77 }).shape).toEqual([1, 77]);
    tokenizer.modelMaxLength = 248; // an encoder with more positions
    expect(tokenizer.encode('x').shape).toEqual([1, 248]);
  });

  test.each([1, 0, -8, 7.5, NaN, Infinity, '8', null])('refuses %j', (length) => {
    const tokenizer = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER);
    const set = () => (tokenizer.modelMaxLength = length as number);
    expect(set).toThrow(`expected modelMaxLength to be an integer ≥ 2, got ${String(length)}.`);
    expect(tokenizer.modelMaxLength).toBe(8);
    const options = { modelMaxLength: length as number };
    expect(() => CLIPTokenizer.fromPretrained(SMALL_TOKENIZER, options)).toThrow(RangeError);
  });

  it('is saved, every other byte as it was', () => {
    const tokenizer = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER);
    tokenizer.savePretrained(folder);
    expect(configOf(folder)).toBe(configOf(SMALL_TOKENIZER));
    tokenizer.modelMaxLength = 16;
    tokenizer.savePretrained(folder);
    const expected = configOf(SMALL_TOKENIZER).replace('length": 8,', 'length": 16,');
    expect(configOf(folder)).toBe(expected);
    expect(CLIPTokenizer.fromPretrained(folder).modelMaxLength).toBe(16);
  });

  test.each<[string, string, string]>([
    ['no key', '{"a": [1]', '{\n  "a": [\n    1\n  ]'],
    [
      'unknown to transformers',
      '{"model_max_length": 1000000000000000019884624838656',
      '{"model_max_length": 16',
    ],
    ['with an exponent', '{\t"model_max_length" :\n1e+30', '{\t"model_max_length" :\n16'],
    ['the key as a text', '{"b": "\\"model_max_length\\": 9", "model_max_length": 9', ''],
  ])('a file of another making: %s', (_, start, expected) => {
    CLIPTokenizer.fromPretrained(SMALL_TOKENIZER).savePretrained(folder);
    const rest = configOf(folder)
      .replace(/^.*model_max_length.*\n/m, '')
      .replace('{', ',');
    fs.writeFileSync(join(folder, CONFIG), start + rest);
    const before = JSON.parse(configOf(folder)) as object;
    const tokenizer = CLIPTokenizer.fromPretrained(folder);
    expect(tokenizer.modelMaxLength).toBe(start.endsWith(' 9') ? 9 : 77);
    tokenizer.savePretrained(folder);
    expect(configOf(folder)).toBe(start + rest);
    tokenizer.modelMaxLength = 16;
    tokenizer.savePretrained(folder);
    expect(JSON.parse(configOf(folder))).toEqual({ ...before, model_max_length: 16 });
    expect(configOf(folder).startsWith(expected)).toBe(true);
  });
});
