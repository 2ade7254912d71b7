/** CLIP's byte-pair tokenizer, by the Hugging Face tokenizers library and its own file formats. */

import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { writeFileAtomically } from '../io/atomic-write';
import { localFolder } from '../pretrained/model-files';

export interface EncodeOptions {
  /** Tokens of a row, start and end included. Default: the tokenizer's `modelMaxLength`. */
  readonly maxLength?: number | undefined;
  /** Shorter texts are filled up with the padding token. */
  readonly padding?: 'max_length';
  /** Longer texts lose their last tokens before the end token. */
  readonly truncation?: true;
}

export interface TokenizerOptions {
  /** Instead of the length in tokenizer_config.json. */
  readonly modelMaxLength?: number | undefined;
}

/** Row-major [B, L] arrays, named as transformers names them. */
export interface BatchEncoding {
  readonly input_ids: Int32Array;
  /** 1 for the text's tokens, its start and end; 0 for padding. */
  readonly attention_mask: Int32Array;
  readonly shape: readonly [number, number];
}

const FILES = ['tokenizer.json', 'tokenizer_config.json'] as const;
const isTokenizerFile = (file: string) =>
  /^((tokenizer|tokenizer_config|vocab|special_tokens_map|added_tokens)\.json|merges\.txt)$/.test(
    file,
  );
/** Positions of every CLIP text encoder of OpenAI and of Stable Diffusion. */
const CLIP_POSITIONS = 77;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** The same from lib/models and from dist/models. */
const PACKAGED_FOLDER = join(__dirname, '..', '..', 'data', 'clip-tokenizer');

/** transformers' `CLIPTokenizerFast`, as far as text-to-image needs it. */
export class CLIPTokenizer {
  readonly bosTokenId: number;
  readonly eosTokenId: number;
  readonly padTokenId: number;
  /** Tokens there are: 49,408 for CLIP. */
  readonly vocabSize: number;
  private readonly tokenizer: Tokenizer;
  private readonly lengthOfFile: number;
  private length: number;

  private constructor(
    private readonly files: ReadonlyMap<string, Uint8Array>,
    { modelMaxLength }: TokenizerOptions = {},
  ) {
    const definition = parseObject('tokenizer.json', files.get('tokenizer.json'));
    const config = parseObject('tokenizer_config.json', files.get('tokenizer_config.json'));
    checkDefinition(definition);
    this.tokenizer = build(definition, config);
    const idOf = (key: string): number => {
      const token = tokenText(config[key]);
      const id = token === undefined ? undefined : this.tokenizer.token_to_id(token);
      if (id !== undefined) return id;
      const found = JSON.stringify(config[key]) ?? 'none';
      throw corrupt('tokenizer_config.json', `${key} to be a token of the vocabulary`, found);
    };
    this.bosTokenId = idOf('bos_token');
    this.eosTokenId = idOf('eos_token');
    this.padTokenId = idOf('pad_token');
    this.vocabSize = this.tokenizer.get_vocab().size;
    this.length = this.lengthOfFile = lengthIn(config);
    if (modelMaxLength !== undefined) this.modelMaxLength = modelMaxLength;
  }

  /**
   * Tokens of a row where no other length is asked for, an integer ≥ 2; transformers' `model_max_length`. It is saved
   * with the tokenizer, so that a model is sampled with the length that it was trained with, here and in diffusers.
   */
  get modelMaxLength(): number {
    return this.length;
  }

  /** @throws RangeError for anything but an integer ≥ 2 */
  set modelMaxLength(length: number) {
    if (!Number.isSafeInteger(length) || length < 2) {
      throw new RangeError(
        `CLIPTokenizer: expected modelMaxLength to be an integer ≥ 2, got ${String(length)}.`,
      );
    }
    this.length = length;
  }

  /**
   * Loads tokenizer.json and tokenizer_config.json of a folder as transformers saves them.
   *
   * @param name a folder or a model id that the hub's cache has; CLIP's own files (openai/clip-vit-base-patch32), which ship in data/, unless told
   * @throws Error naming the file if it is missing, damaged, or no CLIP tokenizer
   */
  static fromPretrained(
    name: string = PACKAGED_FOLDER,
    options: TokenizerOptions = {},
  ): CLIPTokenizer {
    const folder = localFolder(name, { wanted: isTokenizerFile });
    return new CLIPTokenizer(new Map(FILES.map((name) => [name, readFile(folder, name)])), options);
  }

  /**
   * Token ids of texts, each row padded and truncated to `maxLength`. That may be more than `modelMaxLength`, which is
   * only the default, but not more than a text encoder has positions for: 77 for CLIP, or the length in the file or
   * `modelMaxLength` where that is larger.
   *
   * @returns `input_ids` and `attention_mask` of shape [B, maxLength]; one text is a batch of one
   * @throws TypeError for a prompt that is no string; RangeError for no prompts, or a length below 2
   *   (start and end) or above the positions
   */
  encode(texts: string | readonly string[], options: EncodeOptions = {}): BatchEncoding {
    const { maxLength = this.modelMaxLength, padding = 'max_length', truncation = true } = options;
    if (padding !== 'max_length' || !truncation) {
      throw new TypeError("CLIPTokenizer: expected padding 'max_length' and truncation true.");
    }
    const positions = Math.max(CLIP_POSITIONS, this.lengthOfFile, this.modelMaxLength);
    if (!Number.isInteger(maxLength) || maxLength < 2 || maxLength > positions) {
      throw new RangeError(
        `CLIPTokenizer: expected maxLength to be an integer from 2 to ${positions}, ` +
          `got ${String(maxLength)}.`,
      );
    }
    const rows = this.checkTexts(texts).map((text) => this.tokenize(text));
    const input_ids = new Int32Array(rows.length * maxLength).fill(this.padTokenId);
    const attention_mask = new Int32Array(rows.length * maxLength);
    rows.forEach((ids, row) => {
      const start = row * maxLength;
      const end = start + Math.min(ids.length, maxLength);
      input_ids.set(ids.slice(0, maxLength), start);
      input_ids[end - 1] = this.eosTokenId; // the end token stays when a text is cut
      attention_mask.fill(1, start, end);
    });
    return { input_ids, attention_mask, shape: [rows.length, maxLength] };
  }

  /** The token ids of one text from start to end token, neither padded nor truncated. */
  tokenize(text: string): number[] {
    this.checkTexts(text);
    return this.tokenizer.encode(text).ids;
  }

  /**
   * The tokens that ids stand for, to look at: `a</w>` ends a word, `hand` does not.
   *
   * @throws RangeError for an id outside the vocabulary
   */
  convertIdsToTokens(ids: Iterable<number>): string[] {
    return Array.from(ids, (id) => {
      const token = this.tokenizer.id_to_token(id);
      if (token !== undefined) return token;
      throw new RangeError(
        `CLIPTokenizer: expected token ids from 0 to ${this.vocabSize - 1}, got ${String(id)}.`,
      );
    });
  }

  /**
   * Writes the files into a folder, as they were loaded but for `model_max_length` where that was changed; transformers
   * loads it again.
   */
  savePretrained(folder: string): void {
    mkdirSync(folder, { recursive: true });
    for (const [name, bytes] of this.files) {
      const isChanged =
        name === 'tokenizer_config.json' && this.modelMaxLength !== this.lengthOfFile;
      const written = isChanged ? withLength(bytes, this.modelMaxLength) : bytes;
      writeFileAtomically(join(folder, name), [written]);
    }
  }

  private checkTexts(texts: string | readonly string[]): readonly string[] {
    const list: readonly unknown[] = Array.isArray(texts) ? texts : [texts];
    if (list.length === 0) throw new RangeError('CLIPTokenizer: expected a prompt, got none.');
    const wrong = list.findIndex((text) => typeof text !== 'string');
    if (wrong >= 0) {
      const value = list[wrong];
      const what = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
      const where = Array.isArray(texts) ? ` at position ${wrong}` : '';
      throw new TypeError(
        `CLIPTokenizer: expected a prompt to be a string, got ${what}${where}. ` +
          'Give a text such as "A handwritten digit 4".',
      );
    }
    return list as readonly string[];
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

function readFile(folder: string, name: string): Uint8Array {
  const path = join(folder, name);
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) throw corrupt(name, `at most ${MAX_FILE_BYTES} bytes`, `${size}`);
    return readFileSync(path);
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause)) throw cause;
    throw new Error(
      `CLIPTokenizer: expected ${FILES.join(' and ')} in ${folder}, but ${name} cannot be read ` +
        `(${cause.message}). Give a folder that savePretrained wrote.`,
      { cause },
    );
  }
}

function parseObject(name: string, bytes: Uint8Array | undefined): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw corrupt(name, 'JSON', cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (isObject(value)) return value;
  throw corrupt(name, 'a JSON object', Array.isArray(value) ? 'a list' : String(value));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `model_max_length`; CLIP's where there is none, or the 10³⁰ that transformers writes for one that it does not know. */
function lengthIn({ model_max_length: length = CLIP_POSITIONS }: JsonObject): number {
  if (typeof length === 'number' && length >= 1e9) return CLIP_POSITIONS;
  if (Number.isInteger(length) && (length as number) >= 2) return length as number;
  throw corrupt(
    'tokenizer_config.json',
    'model_max_length to be an integer ≥ 2',
    JSON.stringify(length),
  );
}

/** tokenizer_config.json with another `model_max_length`, every other byte as it was where the file has the key. */
function withLength(bytes: Uint8Array, length: number): string {
  const text = new TextDecoder().decode(bytes);
  const config = { ...(JSON.parse(text) as JsonObject), model_max_length: length };
  const edited = text.replace(/("model_max_length"\s*:\s*)[\d.eE+]+/, `$1${length}`);
  const isSame = JSON.stringify(JSON.parse(edited)) === JSON.stringify(config);
  return isSame ? edited : `${JSON.stringify(config, null, 2)}\n`;
}

/** What the tokenizer would otherwise fail on late, or not at all. */
function checkDefinition({ model, normalizer, pre_tokenizer, post_processor }: JsonObject): void {
  const parts = { normalizer, pre_tokenizer, post_processor };
  const missing = Object.entries(parts).filter(([, part]) => !isObject(part));
  if (!isObject(model) || model['type'] !== 'BPE') {
    const found = isObject(model) ? JSON.stringify(model['type']) : 'none';
    throw corrupt('tokenizer.json', 'a model of type "BPE"', found);
  }
  if (!isObject(model['vocab']) || !Array.isArray(model['merges'])) {
    throw corrupt('tokenizer.json', 'the model to have a vocab and merges', 'none');
  }
  if (missing.length > 0) {
    const expected = Object.keys(parts).join(', ');
    throw corrupt('tokenizer.json', expected, `no ${missing.map(([key]) => key).join(', no ')}`);
  }
}

function build(definition: JsonObject, config: JsonObject): Tokenizer {
  try {
    return new Tokenizer(inUnicodeTerms(definition), config);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw corrupt('tokenizer.json', 'a tokenizer of the tokenizers library', found, cause);
  }
}

/**
 * The definition's patterns were written for Rust, where `\s` is Unicode's White_Space; JavaScript's
 * takes U+FEFF for one and not U+0085. And the byte-level step's own split, which has `\s` inside the
 * library, is left out: CLIP's pieces are already finer.
 */
function inUnicodeTerms(definition: JsonObject): JsonObject {
  const translate = (key: string, value: unknown): unknown => {
    if (key === 'Regex' && typeof value === 'string') {
      return value.replaceAll('\\s', '\\p{White_Space}');
    }
    return isObject(value) && value['type'] === 'ByteLevel'
      ? { ...value, use_regex: false }
      : value;
  };
  const { normalizer, pre_tokenizer } = definition;
  const translated = JSON.stringify({ normalizer, pre_tokenizer }, translate);
  return { ...definition, ...(JSON.parse(translated) as JsonObject) };
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
