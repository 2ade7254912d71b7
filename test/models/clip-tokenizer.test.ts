import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly max8: number[];
  readonly mask8: number[];
}

const fixture = join(__dirname, '..', 'fixtures', 'clip-tokenizer', 'cases.json');
const cases = JSON.parse(fs.readFileSync(fixture, 'utf8')) as Case[];
const tokenizer = CLIPTokenizer.fromPretrained();
const at8 = CLIPTokenizer.fromPretrained(undefined, { modelMaxLength: 8 });

describe('as transformers', () => {
  test('there are 25 texts', () => {
    expect(cases).toHaveLength(25);
  });

  test.each(cases)('$text', ({ text, ids, max8, mask8 }) => {
    expect(tokenizer.tokenize(text)).toEqual(ids);
    const encoding = at8.encode(text);
    expect([...encoding.input_ids]).toEqual(max8);
    expect([...encoding.attention_mask]).toEqual(mask8);
    expect(encoding.shape).toEqual([1, 8]);
  });

  test('a batch has the rows of its texts', () => {
    const { input_ids, attention_mask, shape } = at8.encode(cases.map(({ text }) => text));
    expect(shape).toEqual([25, 8]);
    expect([...input_ids]).toEqual(cases.flatMap(({ max8 }) => max8));
    expect([...attention_mask]).toEqual(cases.flatMap(({ mask8 }) => mask8));
  });

  // ids by transformers 5.23: what counts as white space differs between Rust and JavaScript
  test.each([
    ['a\ufeffb !\ufeff?', [49406, 320, 171, 119, 379, 321, 0, 171, 119, 123, 286, 49407]],
    ['a\u0085b', [49406, 320, 321, 49407]],
    ['\u2003x\u180ey', [49406, 343, 157, 254, 492, 344, 49407]],
  ])('white space of %j', (text, ids) => {
    expect(tokenizer.tokenize(text)).toEqual(ids);
  });

  test('other lengths', () => {
    const { text, ids } = cases[4]!;
    expect([...tokenizer.encode(text, { maxLength: 2 }).input_ids]).toEqual([49406, 49407]);
    expect([...tokenizer.encode(text, { maxLength: 6 }).input_ids]).toEqual(ids);
    const long = tokenizer.encode(text, { maxLength: 77 });
    expect(long.shape).toEqual([1, 77]);
    expect(long.attention_mask.reduce((sum, one) => sum + one)).toBe(6);
  });

  test('special tokens, vocabulary and pieces', () => {
    expect([tokenizer.bosTokenId, tokenizer.eosTokenId, tokenizer.padTokenId]).toEqual([
      49406, 49407, 49407,
    ]);
    expect([tokenizer.vocabSize, tokenizer.modelMaxLength]).toEqual([49408, 77]);
    expect(tokenizer.convertIdsToTokens(tokenizer.tokenize('A handwritten digit 4'))).toEqual([
      '<|startoftext|>',
      'a</w>',
      'handwritten</w>',
      'digit</w>',
      '4</w>',
      '<|endoftext|>',
    ]);
    expect(() => tokenizer.convertIdsToTokens([49408])).toThrow(
      'token ids from 0 to 49407, got 49408',
    );
  });
});

describe('encode refuses', () => {
  test.each([
    [7, 'got number.'],
    [undefined, 'got undefined.'],
    [null, 'got null.'],
    [{ text: 'x' }, 'got object.'],
    [['a', 4], 'got number at position 1.'],
    [['a', ['b']], 'got a list at position 1.'],
  ])('a prompt that is no string: %o', (prompt, message) => {
    const encode = () => tokenizer.encode(prompt as unknown as string);
    expect(encode).toThrow(TypeError);
    expect(encode).toThrow(`CLIPTokenizer: expected a prompt to be a string, ${message}`);
  });

  test('no prompt', () => {
    expect(() => tokenizer.encode([])).toThrow('expected a prompt, got none');
  });

  test.each([1, 0, -8, 78, 7.5, NaN])('maxLength %d', (maxLength) => {
    expect(() => tokenizer.encode('x', { maxLength })).toThrow(
      `expected maxLength to be an integer from 2 to 77, got ${maxLength}.`,
    );
  });

  test('other padding or truncation', () => {
    const options = { padding: 'longest' } as unknown as Parameters<CLIPTokenizer['encode']>[1];
    expect(() => tokenizer.encode('x', options)).toThrow(
      "expected padding 'max_length' and truncation true",
    );
  });
});

describe('files', () => {
  const source = join(__dirname, '..', '..', 'data', 'clip-tokenizer');
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'tokenizer-'));
    tokenizer.savePretrained(folder);
  });
  afterEach(() => {
    fs.rmSync(folder, { recursive: true });
  });

  const load = () => CLIPTokenizer.fromPretrained(folder);
  const edit = (name: string, change: (json: Record<string, unknown>) => void) => {
    const path = join(folder, name);
    const json = JSON.parse(fs.readFileSync(path, 'utf8')) as Record<string, unknown>;
    change(json);
    fs.writeFileSync(path, JSON.stringify(json));
  };

  test('savePretrained writes them as they are, into a folder that it makes', () => {
    const made = join(folder, 'a', 'tokenizer');
    tokenizer.savePretrained(made);
    expect(fs.readdirSync(made).sort()).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    for (const name of fs.readdirSync(made)) {
      expect(fs.readFileSync(join(made, name)).equals(fs.readFileSync(join(source, name)))).toBe(
        true,
      );
    }
    expect(CLIPTokenizer.fromPretrained(made).tokenize('x')).toEqual(tokenizer.tokenize('x'));
  });

  test('special tokens written as objects', () => {
    edit('tokenizer_config.json', (json) => {
      json['bos_token'] = { content: '<|startoftext|>', __type: 'AddedToken' };
    });
    expect(load().bosTokenId).toBe(49406);
  });

  test('a missing file or folder', () => {
    fs.rmSync(join(folder, 'tokenizer.json'));
    expect(load).toThrow(
      /tokenizer\.json, or vocab\.json and merges\.txt, in .*found tokenizer_config\.json, so that it cannot be read\. Give a folder that/,
    );
    expect(() => CLIPTokenizer.fromPretrained(join(folder, 'none'))).toThrow(
      /none; found none of them/,
    );
  });

  test('a truncated file', () => {
    const path = join(folder, 'tokenizer.json');
    fs.truncateSync(path, 100_000);
    expect(load).toThrow(
      /^CLIPTokenizer: tokenizer\.json: expected JSON, found .*The file is damaged/,
    );
    fs.truncateSync(path, 0);
    expect(load).toThrow('tokenizer.json: expected JSON');
    fs.writeFileSync(path, Uint8Array.of(0x7b, 0xff, 0x7d));
    expect(load).toThrow('tokenizer.json: expected JSON');
    fs.writeFileSync(path, '[]');
    expect(load).toThrow('tokenizer.json: expected a JSON object, found a list');
  });

  test.each<[string, string, (json: Record<string, unknown>) => void, string]>([
    [
      'another model',
      'tokenizer.json',
      (json) => (json['model'] = { type: 'WordPiece' }),
      'expected a model of type "BPE", found "WordPiece"',
    ],
    [
      'no model',
      'tokenizer.json',
      (json) => delete json['model'],
      'expected a model of type "BPE", found none',
    ],
    [
      'no vocabulary',
      'tokenizer.json',
      (json) => (json['model'] = { type: 'BPE', merges: [] }),
      'expected the model to have a vocab and merges',
    ],
    ['no normalizer', 'tokenizer.json', (json) => delete json['normalizer'], 'found no normalizer'],
    [
      'a pad token that is none',
      'tokenizer_config.json',
      (json) => (json['pad_token'] = 3),
      'expected pad_token to be a token, found 3',
    ],
    [
      'no eos token',
      'tokenizer_config.json',
      (json) => (json['eos_token'] = null),
      'expected eos_token to be a token, found null',
    ],
    [
      'merges of three',
      'tokenizer.json',
      (json) => (json['model'] = { type: 'BPE', vocab: { a: 0 }, merges: [['a', 'b', 'c']] }),
      'expected merge 0 to be two tokens, found ["a","b","c"]',
    ],
    [
      'an id that is no number',
      'tokenizer.json',
      (json) => (json['model'] = { type: 'BPE', vocab: { a: '0' }, merges: [] }),
      'expected the id of "a" to be an integer, found "0"',
    ],
    [
      'no length',
      'tokenizer_config.json',
      (json) => (json['model_max_length'] = 1),
      'expected model_max_length to be an integer ≥ 2, found 1',
    ],
  ])('%s', (_, name, change, message) => {
    edit(name, change);
    expect(load).toThrow(message);
    expect(load).toThrow(name);
  });
});
