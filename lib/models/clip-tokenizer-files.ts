/**
 * What a tokenizer's files say, in both of transformers' layouts: tokenizer.json, or vocab.json and merges.txt as Stable
 * Diffusion 1.x has them, each with or without tokenizer_config.json, special_tokens_map.json and added_tokens.json.
 */
import type { AddedToken } from './added-tokens';

/** The files that may be there, by name. */
export const TOKENIZER_FILES = [
  'tokenizer.json',
  'vocab.json',
  'merges.txt',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
] as const;

export type TokenizerFiles = Readonly<Record<string, Uint8Array>>;
type JsonObject = Readonly<Record<string, unknown>>;

export interface TokenizerDefinition {
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: [string, string][];
  readonly addedTokens: readonly AddedToken[];
  /** Texts of the tokens that have a role. */
  readonly bos_token: string;
  readonly eos_token: string;
  readonly pad_token: string;
  readonly unk_token: string;
  /** `model_max_length` of tokenizer_config.json; undefined where it has none, or 10³⁰ for "not known". */
  readonly model_max_length: number | undefined;
}

/** In transformers' order; what is said last of a token counts. */
const ROLES = ['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const;
const DEFAULT_ROLES = {
  bos_token: '<|startoftext|>',
  eos_token: '<|endoftext|>',
  unk_token: '<|endoftext|>',
  pad_token: '<|endoftext|>',
};
const CONFIG = 'tokenizer_config.json';

/**
 * @param where the folder, for the message
 * @throws Error naming the file that is missing, damaged or of another tokenizer
 */
export function readDefinition(files: TokenizerFiles, where = 'the files'): TokenizerDefinition {
  const { vocab, merges, added } = vocabularyOf(files, where);
  const config = optionalObject(files, CONFIG);
  const decoder = config['added_tokens_decoder'];
  // The newest layout has all in the config; older ones have files beside it.
  const roles = {
    ...DEFAULT_ROLES,
    ...config,
    ...(decoder === undefined && optionalObject(files, 'special_tokens_map.json')),
  } as Record<(typeof ROLES)[number], unknown>;
  const known = new Map<string, AddedToken>();
  // A token of the vocabulary keeps its id there, whatever else is said.
  const addKnown = (token: unknown, id: unknown) =>
    add(known, token, vocab[tokenText(token) ?? ''] ?? id);
  if (isObject(decoder)) {
    for (const [id, token] of Object.entries(decoder)) addKnown(token, Number(id));
  } else {
    const special = new Set(ROLES.map((role) => tokenText(roles[role])));
    const more = optionalObject(files, 'added_tokens.json');
    for (const [content, id] of Object.entries(more)) {
      const isSpecial = special.has(content);
      addKnown({ content, special: isSpecial, normalized: !isSpecial }, id);
    }
    for (const token of added) addKnown(token, (token as { id?: unknown } | null)?.id);
  }
  const tokens = numbered(known, vocab);
  for (const role of ROLES) {
    const text = tokenText(roles[role]);
    if (text === undefined) {
      const found = JSON.stringify(roles[role]) ?? 'none';
      throw corrupt(CONFIG, `${role} to be a token`, found);
    }
    const there = known.has(text) ? tokens.get(text) : undefined;
    const described = isObject(roles[role]) ? roles[role] : { content: text, normalized: false };
    // Who has a role is special, whatever else is said of it; a token that nobody knows yet is the next one.
    if (there) tokens.set(text, { ...there, special: true });
    else
      add(
        tokens,
        { ...described, special: true },
        vocab[text] ?? tokens.get(text)?.id ?? nextId(tokens, vocab),
      );
  }
  const text = (role: (typeof ROLES)[number]) => tokenText(roles[role])!;
  return {
    vocab,
    merges,
    addedTokens: [...tokens.values()],
    bos_token: text('bos_token'),
    eos_token: text('eos_token'),
    unk_token: text('unk_token'),
    pad_token: text('pad_token'),
    model_max_length: lengthIn(config),
  };
}

/** Tokens beside the vocabulary, numbered on from its end in the order of the ids that are given for them. */
function numbered(
  known: ReadonlyMap<string, AddedToken>,
  vocab: Readonly<Record<string, number>>,
): Map<string, AddedToken> {
  const tokens = new Map([...known].sort(([, a], [, b]) => a.id - b.id));
  let next = Object.keys(vocab).length;
  for (const [text, token] of tokens) {
    if (vocab[text] === undefined) tokens.set(text, { ...token, id: next++ });
  }
  return tokens;
}

function nextId(
  tokens: ReadonlyMap<string, AddedToken>,
  vocab: Readonly<Record<string, number>>,
): number {
  const outside = [...tokens.keys()].filter((text) => vocab[text] === undefined);
  return Object.keys(vocab).length + outside.length;
}

function add(tokens: Map<string, AddedToken>, token: unknown, id: unknown): void {
  const content = tokenText(token);
  if (content === undefined || content === '' || !Number.isInteger(id) || (id as number) < 0) {
    const found = `${JSON.stringify(token) ?? 'none'} with id ${String(id)}`;
    throw corrupt('tokenizer files', 'an added token to have a content and an id', found);
  }
  const flags = token as Partial<Record<keyof AddedToken, unknown>>;
  const special = flags.special === true;
  tokens.set(content, {
    id: id as number,
    content,
    special,
    normalized: (flags.normalized ?? !special) === true,
    lstrip: flags.lstrip === true,
    rstrip: flags.rstrip === true,
    single_word: flags.single_word === true,
  });
}

interface Vocabulary extends Pick<TokenizerDefinition, 'vocab' | 'merges'> {
  /** `added_tokens` of tokenizer.json. */
  readonly added: readonly unknown[];
}

function vocabularyOf(files: TokenizerFiles, where: string): Vocabulary {
  if (files['tokenizer.json']) return vocabularyOfDefinition(files['tokenizer.json']);
  const [vocab, merges] = [files['vocab.json'], files['merges.txt']];
  if (vocab && merges) {
    const lines = decode('merges.txt', merges).split(/\r?\n/);
    return {
      vocab: checkVocab('vocab.json', parseObject('vocab.json', vocab)),
      merges: checkMerges(
        'merges.txt',
        lines.filter((line) => line !== '' && !line.startsWith('#version')),
      ),
      added: [],
    };
  }
  const found = Object.keys(files).join(', ') || 'none of them';
  throw new Error(
    `CLIPTokenizer: expected tokenizer.json, or vocab.json and merges.txt, in ${where}; found ${found}, ` +
      'so that it cannot be read. ' +
      'Give a folder that savePretrained wrote, or the tokenizer of a downloaded model.',
  );
}

function vocabularyOfDefinition(bytes: Uint8Array): Vocabulary {
  const file = 'tokenizer.json';
  const definition = parseObject(file, bytes);
  const { model, normalizer, pre_tokenizer, post_processor, added_tokens = [] } = definition;
  if (!isObject(model) || model['type'] !== 'BPE') {
    const found = isObject(model) ? JSON.stringify(model['type']) : 'none';
    throw corrupt(file, 'a model of type "BPE"', found);
  }
  if (!isObject(model['vocab']) || !Array.isArray(model['merges'])) {
    throw corrupt(file, 'the model to have a vocab and merges', 'none');
  }
  const parts = { normalizer, pre_tokenizer, post_processor };
  const missing = Object.entries(parts).filter(([, part]) => !isObject(part));
  if (missing.length > 0) {
    const expected = Object.keys(parts).join(', ');
    throw corrupt(file, expected, `no ${missing.map(([key]) => key).join(', no ')}`);
  }
  if (!Array.isArray(added_tokens)) {
    throw corrupt(file, 'added_tokens to be a list', JSON.stringify(added_tokens));
  }
  const vocab = checkVocab(file, model['vocab']);
  return { vocab, merges: checkMerges(file, model['merges']), added: added_tokens };
}

function checkVocab(file: string, vocab: JsonObject): Readonly<Record<string, number>> {
  const wrong = Object.entries(vocab).find(([, id]) => !Number.isInteger(id) || (id as number) < 0);
  if (!wrong) return Object.assign(Object.create(null), vocab) as Record<string, number>;
  throw corrupt(
    file,
    `the id of ${JSON.stringify(wrong[0])} to be an integer`,
    `${JSON.stringify(wrong[1])}`,
  );
}

/** Pairs are written `["a", "b"]`, or `"a b"` in older files. */
function checkMerges(file: string, merges: readonly unknown[]): [string, string][] {
  return merges.map((merge, i) => {
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    const isPair = Array.isArray(pair) && pair.length === 2;
    if (isPair && pair.every((text) => typeof text === 'string' && text !== '')) {
      return pair as [string, string];
    }
    throw corrupt(file, `merge ${i} to be two tokens`, JSON.stringify(merge));
  });
}

function lengthIn({ model_max_length: length }: JsonObject): number | undefined {
  if (length === undefined || (typeof length === 'number' && length >= 1e9)) return undefined;
  if (Number.isInteger(length) && (length as number) >= 2) return length as number;
  throw corrupt(CONFIG, 'model_max_length to be an integer ≥ 2', JSON.stringify(length));
}

/** The files with another `model_max_length`, every other byte as it was where the config has the key. */
export function withLength(files: TokenizerFiles, length: number): TokenizerFiles {
  const text = files[CONFIG] ? decode(CONFIG, files[CONFIG]) : '{}';
  const config = { ...(JSON.parse(text) as JsonObject), model_max_length: length };
  const edited = text.replace(/("model_max_length"\s*:\s*)[\d.eE+]+/, `$1${length}`);
  const isSame = JSON.stringify(JSON.parse(edited)) === JSON.stringify(config);
  const written = isSame ? edited : `${JSON.stringify(config, null, 2)}\n`;
  return { ...files, [CONFIG]: new TextEncoder().encode(written) };
}

function optionalObject(files: TokenizerFiles, name: string): JsonObject {
  return files[name] ? parseObject(name, files[name]) : {};
}

function decode(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw corrupt(name, name.endsWith('.json') ? 'JSON' : 'UTF-8', String(cause), cause);
  }
}

function parseObject(name: string, bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decode(name, bytes));
  } catch (cause) {
    if (cause instanceof Error && cause.message.startsWith('CLIPTokenizer')) throw cause;
    throw corrupt(name, 'JSON', cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (isObject(value)) return value;
  throw corrupt(name, 'a JSON object', Array.isArray(value) ? 'a list' : String(value));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A token is given as its text or as an object with the text as `content`. */
function tokenText(token: unknown): string | undefined {
  const text = isObject(token) ? token['content'] : token;
  return typeof text === 'string' ? text : undefined;
}

function corrupt(name: string, expected: string, found: string, cause?: unknown): Error {
  return new Error(
    `CLIPTokenizer: ${name}: expected ${expected}, found ${found}. ` +
      'The file is damaged or of another tokenizer; copy it again.',
    { cause },
  );
}
