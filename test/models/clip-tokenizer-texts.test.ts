import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { tf } from '../../lib/backend';
import { SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';

const tokenizer = CLIPTokenizer.fromPretrained();
const small = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER);

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly decoded: string;
}
/** By transformers; test/parity/tokenizer.test.ts compares many more. */
const cases = JSON.parse(
  readFileSync(join(__dirname, '..', 'fixtures', 'clip-tokenizer', 'texts.json'), 'utf8'),
) as Case[];

describe('texts that languages lower, compose and cut differently, as transformers', () => {
  it('there are enough', () => {
    expect(cases.length).toBeGreaterThanOrEqual(40);
  });

  test.each(cases)('$text', ({ text, ids, decoded }) => {
    expect(tokenizer.tokenize(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it('half of a surrogate pair is U+FFFD', () => {
    expect(tokenizer.tokenize('a\ud83d b\udc69')).toEqual(tokenizer.tokenize('a\ufffd b\ufffd'));
  });
});

describe('what is cut off', () => {
  const TEXTS = [
    'A very nicely drawn handwritten digit 4',
    'A handwritten digit 4',
    'Ä!  <|endoftext|> <|ENDOFTEXT|>',
  ];

  it('is told, as transformers decodes it', () => {
    expect(small.encode(TEXTS).truncated).toEqual([
      'y drawn handwritten digit 4',
      '',
      'endoftext |>',
    ]);
    expect(small.encode(TEXTS[0]!, { maxLength: 2 }).truncated).toEqual([
      'a very nicely drawn handwritten digit 4',
    ]);
    expect(small.encode(TEXTS, { maxLength: 77 }).truncated).toEqual(['', '', '']);
  });
});

describe('decode', () => {
  const ids = tokenizer.tokenize('A  Handwritten digit, 4!');

  it('spells ids', () => {
    expect(tokenizer.decode(ids)).toBe('<|startoftext|>a handwritten digit , 4 ! <|endoftext|>');
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe('a handwritten digit , 4 !');
    expect(tokenizer.decode(Int32Array.from(ids))).toBe(tokenizer.decode(ids));
    expect(tokenizer.decode([])).toBe('');
  });

  it('refuses an id outside the vocabulary', () => {
    expect(() => tokenizer.decode([49408])).toThrow('token ids from 0 to 49407, got 49408');
  });
});

describe("returnTensors: 'tf'", () => {
  it('gives the same as int32 tensors', () => {
    const texts = ['A handwritten digit 4', ''];
    const arrays = small.encode(texts);
    const { input_ids, attention_mask, ...rest } = small.encode(texts, { returnTensors: 'tf' });
    for (const tensor of [input_ids, attention_mask]) {
      expect([tensor.dtype, tensor.shape]).toEqual(['int32', [2, 8]]);
    }
    expect(input_ids.dataSync()).toEqual(arrays.input_ids);
    expect(attention_mask.dataSync()).toEqual(arrays.attention_mask);
    expect(rest).toEqual({ shape: [2, 8], truncated: ['', ''] });
    tf.dispose([input_ids, attention_mask]);
  });

  it('leaks nothing', () => {
    expect(() => {
      const { input_ids, attention_mask } = small.encode(['4', '5'], { returnTensors: 'tf' });
      tf.dispose([input_ids, attention_mask]);
      expect(() => small.encode([], { returnTensors: 'tf' })).toThrow('got none');
    }).toLeakNothing();
  });

  it('refuses other kinds', () => {
    const options = { returnTensors: 'pt' } as unknown as { returnTensors: 'tf' };
    expect(() => small.encode('4', options)).toThrow(
      `expected returnTensors 'tf' or undefined, got "pt"`,
    );
  });
});

describe('fromFiles', () => {
  const files = Object.fromEntries(
    ['tokenizer.json', 'tokenizer_config.json'].map(
      (name) => [name, new Uint8Array(readFileSync(join(SMALL_TOKENIZER, name)))] as const,
    ),
  );

  it('makes the tokenizer of bytes that were read elsewhere', () => {
    const made = CLIPTokenizer.fromFiles(files);
    expect(made.encode(cases.map(({ text }) => text))).toEqual(
      small.encode(cases.map(({ text }) => text)),
    );
    expect(CLIPTokenizer.fromFiles(files, { modelMaxLength: 12 }).modelMaxLength).toBe(12);
  });

  it('names what is missing or damaged', () => {
    expect(() => CLIPTokenizer.fromFiles({})).toThrow(
      'vocab.json and merges.txt, in the files; found none',
    );
    expect(() => CLIPTokenizer.fromFiles({ 'vocab.json': files['tokenizer.json']! })).toThrow(
      'found vocab.json',
    );
    expect(() =>
      CLIPTokenizer.fromFiles({ ...files, 'tokenizer_config.json': Uint8Array.of(0x5b, 0x5d) }),
    ).toThrow('tokenizer_config.json: expected a JSON object, found a list');
    expect(() =>
      CLIPTokenizer.fromFiles({
        'vocab.json': Uint8Array.of(0x7b, 0x7d),
        'merges.txt': Uint8Array.of(0xff),
      }),
    ).toThrow('merges.txt: expected UTF-8');
  });

  it('needs nothing of Node: no module, no Buffer, no folder', () => {
    const folder = join(__dirname, '..', '..', 'lib', 'models');
    for (const name of [
      'clip-tokenizer',
      'clip-tokenizer-files',
      'clip-words',
      'added-tokens',
      'batch-encoding',
      'pretrained',
    ]) {
      const source = readFileSync(join(folder, `${name}.ts`), 'utf8');
      expect(source, name).not.toMatch(
        /from '(node:|fs|path)|\bBuffer\b|__dirname|require\(|\/io\/|\.\.\/pretrained/,
      );
    }
  });
});
