import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { MINUTES_10, readJson, runPython, temporaryFolder, writeJson } from './python';
import { randomTexts } from './random-texts';

const CLIP = path.join(__dirname, '..', '..', 'data', 'clip-tokenizer');
const scratch = temporaryFolder();

interface Definition {
  readonly model: { readonly vocab: Record<string, number>; readonly merges: [string, string][] };
  readonly added_tokens: Record<string, unknown>[];
}
const definition = JSON.parse(
  readFileSync(path.join(CLIP, 'tokenizer.json'), 'utf8'),
) as Definition;
const { vocab, merges } = definition.model;

const token = (content: string, normalized = true) => ({
  content,
  lstrip: false,
  normalized,
  rstrip: false,
  single_word: false,
});
const typed = (content: string) => ({ __type: 'AddedToken', ...token(content) });
const stripped = { ...token('<new>'), lstrip: true, rstrip: true };

/** As the tokenizers of Stable Diffusion 1.5, and 2 and the second of XL, which pads with '!'. */
const MAP = {
  bos_token: token('<|startoftext|>'),
  eos_token: token('<|endoftext|>'),
  pad_token: '<|endoftext|>',
  unk_token: token('<|endoftext|>'),
};
const CONFIG = {
  add_prefix_space: false,
  bos_token: typed('<|startoftext|>'),
  do_lower_case: true,
  eos_token: typed('<|endoftext|>'),
  errors: 'replace',
  model_max_length: 77,
  pad_token: '<|endoftext|>',
  tokenizer_class: 'CLIPTokenizer',
  unk_token: typed('<|endoftext|>'),
};
const { model_max_length: _, ...WITHOUT_LENGTH } = CONFIG;
const NEWEST = {
  ...{ model_max_length: 77, bos_token: '<|startoftext|>', eos_token: '<|endoftext|>' },
  ...{ pad_token: '<|endoftext|>', unk_token: '<|endoftext|>' },
  added_tokens_decoder: {
    '49406': { ...token('<|startoftext|>'), special: true },
    '49407': { ...token('<|endoftext|>', false), special: true },
    '49408': { ...stripped, special: false },
    '49409': { ...token('digit', false), single_word: true, special: true },
  },
};

/** Folders with vocab.json and merges.txt, by what else is in them. */
const WITH_VOCAB: Record<string, Record<string, object>> = {
  nothing: {},
  'special_tokens_map.json': { 'special_tokens_map.json': MAP },
  'both configs': { 'special_tokens_map.json': MAP, 'tokenizer_config.json': CONFIG },
  'no length': { 'special_tokens_map.json': MAP, 'tokenizer_config.json': WITHOUT_LENGTH },
  'another pad token': {
    'special_tokens_map.json': { ...MAP, pad_token: '!' },
    'tokenizer_config.json': { ...CONFIG, pad_token: '!' },
  },
  'only another pad token': { 'special_tokens_map.json': { pad_token: '!' } },
  'added tokens': { 'added_tokens.json': { '<new>': 49408, digit: 49409 } },
  'added tokens and configs': {
    'added_tokens.json': { '<new>': 49408, '<|endoftext|>': 49407 },
    'special_tokens_map.json': MAP,
    'tokenizer_config.json': CONFIG,
  },
  'the newest config': { 'tokenizer_config.json': NEWEST },
  'added tokens whose ids leave room': {
    'added_tokens.json': { '<cat-toy>': 49500, '<Dog>': 49410 },
    'tokenizer_config.json': CONFIG,
  },
  'a pad token of its own': { 'tokenizer_config.json': { ...CONFIG, pad_token: '<pad>' } },
  'roles that are said not to be special': {
    'tokenizer_config.json': {
      ...NEWEST,
      added_tokens_decoder: {
        '49406': { ...token('<|startoftext|>'), special: false },
        '49407': { ...token('<|endoftext|>'), special: false },
      },
    },
  },
};
/** Folders with tokenizer.json. */
const WITH_DEFINITION: Record<string, Record<string, object>> = {
  alone: {},
  'with a config of another version': { 'tokenizer_config.json': CONFIG },
  'with another pad token': { 'tokenizer_config.json': { ...CONFIG, pad_token: '!' } },
};

function makeFolder(name: string, files: Record<string, object>): string {
  const folder = path.join(scratch, name.replaceAll(' ', '-'));
  mkdirSync(folder);
  for (const [file, json] of Object.entries(files)) writeJson(path.join(folder, file), json);
  return folder;
}

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly texts: string[];
}
interface Found {
  readonly ids: number[][];
  readonly decoded: string[];
  readonly plain: string[];
  readonly size: number;
  readonly pad: number;
}

const cases: Case[] = [
  { name: "CLIP's own", folder: CLIP, texts: randomTexts(20_000, 15) },
  { name: 'the small one', folder: SMALL_TOKENIZER, texts: randomTexts(2_000, 16) },
];
for (const [name, files] of Object.entries(WITH_VOCAB)) {
  const folder = makeFolder(`vocab and ${name}`, { ...files, 'vocab.json': vocab });
  const lines = ['#version: 0.2', ...merges.map((pair) => pair.join(' ')), ''];
  writeFileSync(path.join(folder, 'merges.txt'), lines.join('\n'));
  cases.push({ name: `vocab.json and merges.txt, ${name}`, folder, texts: randomTexts(400, 17) });
}
for (const [name, files] of Object.entries(WITH_DEFINITION)) {
  const folder = makeFolder(`tokenizer ${name}`, files);
  copyFileSync(path.join(CLIP, 'tokenizer.json'), path.join(folder, 'tokenizer.json'));
  cases.push({ name: `tokenizer.json ${name}`, folder, texts: randomTexts(400, 18) });
}
const withNew = makeFolder('tokenizer with a token', {
  'tokenizer.json': {
    ...definition,
    added_tokens: [...definition.added_tokens, { id: 49408, ...stripped, special: false }],
  },
});
cases.push({ name: 'tokenizer.json with a token', folder: withNew, texts: randomTexts(400, 19) });

const found = new Map<string, Found>();
beforeAll(() => {
  // transformers refuses half a surrogate pair; as UTF-8 it is U+FFFD.
  const wellFormed = (texts: string[]) =>
    texts.map((text) => text.replace(/\p{Surrogate}/gu, '\ufffd'));
  const saved = cases.map(({ folder }, i) => {
    const again = path.join(scratch, `saved-${i}`);
    CLIPTokenizer.fromPretrained(folder, { modelMaxLength: 9 }).savePretrained(again);
    return again;
  });
  const asked = cases.flatMap(({ folder, texts }, i) => [
    { folder, texts: wellFormed(texts) },
    { folder: saved[i]!, texts: wellFormed(texts.slice(0, 100)) },
  ]);
  writeJson(path.join(scratch, 'cases.json'), asked);
  runPython('tokenizer.py', scratch);
  const answers = readJson(path.join(scratch, 'ids.json')) as Found[];
  cases.forEach(({ name }, i) => {
    found.set(name, answers[2 * i]!);
    found.set(`${name}, saved`, answers[2 * i + 1]!);
  });
}, MINUTES_10);

describe.each(cases)('as transformers: $name', ({ name, folder, texts }) => {
  const tokenizer = CLIPTokenizer.fromPretrained(folder);

  it('0 of all texts have other ids', () => {
    const expected = found.get(name)!;
    const differing = texts
      .map((text, i) => ({ text, ids: tokenizer.tokenize(text), right: expected.ids[i]! }))
      .filter(({ ids, right }) => ids.join() !== right.join());
    expect(differing.slice(0, 20)).toEqual([]);
    expect([tokenizer.vocabSize, tokenizer.padTokenId]).toEqual([expected.size, expected.pad]);
  });

  it('ids are decoded to the same texts', () => {
    const { ids, decoded, plain } = found.get(name)!;
    const differing = ids
      .map((row, i) => ({
        ours: [tokenizer.decode(row), tokenizer.decode(row, { skipSpecialTokens: true })],
        right: [decoded[i]!, plain[i]!],
      }))
      .filter(({ ours, right }) => ours.join('\n') !== right.join('\n'));
    expect(differing.slice(0, 20)).toEqual([]);
  });

  it('the folder that it saves is the same tokenizer to transformers, with another length', () => {
    const { ids } = found.get(name)!;
    expect(found.get(`${name}, saved`)!.ids).toEqual(ids.slice(0, 100));
  });
});
