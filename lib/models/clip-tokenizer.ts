/** CLIP's byte-pair tokenizer, by the Hugging Face tokenizers library and its own file formats. */

import { BPE } from '@huggingface/tokenizers';
import { tf } from '../backend';
import { TokenFinder } from './added-tokens';
import type {
  BatchEncoding,
  EncodeOptions,
  TensorEncoding,
  TokenizerOptions,
} from './batch-encoding';
import {
  readDefinition,
  TOKENIZER_FILES,
  withLength,
  type TokenizerFiles,
} from './clip-tokenizer-files';
import { normalize, strip, textOfTokens, wellFormed, wordsOf } from './clip-words';
import { pretrainedFiles } from './pretrained';

export type { BatchEncoding, EncodeOptions, TensorEncoding, TokenizerOptions };

/** Positions of every CLIP text encoder of OpenAI and of Stable Diffusion. */
const CLIP_POSITIONS = 77;
/** As transformers' `CLIPTokenizer` makes it, whatever tokenizer.json says beside vocabulary and merges. */
const BPE_SETTINGS = { type: 'BPE', end_of_word_suffix: '</w>', ignore_merges: false } as const;

/** transformers' `CLIPTokenizer`, as far as text-to-image needs it. */
export class CLIPTokenizer {
  readonly bosTokenId: number;
  readonly eosTokenId: number;
  readonly padTokenId: number;
  /** Tokens there are, added ones included: 49,408 for CLIP. */
  readonly vocabSize: number;
  private readonly bpe: BPE;
  private readonly ids: ReadonlyMap<string, number>;
  private readonly tokens: ReadonlyMap<number, string>;
  private readonly specialIds: ReadonlySet<number>;
  private readonly inText: TokenFinder;
  private readonly inNormalizedText: TokenFinder;
  private readonly lengthOfFiles: number;
  private length: number;

  private constructor(
    private readonly files: TokenizerFiles,
    { modelMaxLength }: TokenizerOptions = {},
    where?: string,
  ) {
    const definition = readDefinition(files, where);
    const { vocab, merges, addedTokens, unk_token } = definition;
    this.ids = new Map([
      ...Object.entries(vocab),
      ...addedTokens.map(({ content, id }) => [content, id] as const),
    ]);
    this.tokens = new Map(Array.from(this.ids, ([token, id]) => [id, token] as const));
    this.specialIds = new Set(addedTokens.filter((t) => t.special).map(({ id }) => id));
    const plain = addedTokens.filter((t) => !t.normalized);
    const normalized = addedTokens.filter((t) => t.normalized);
    this.inText = new TokenFinder(new Map(plain.map((t) => [t.content, t])));
    this.inNormalizedText = new TokenFinder(
      new Map(normalized.map((t) => [normalize(t.content), t])),
    );
    this.bpe = new BPE({ ...BPE_SETTINGS, vocab, merges, unk_token });
    this.bosTokenId = this.ids.get(definition.bos_token)!;
    this.eosTokenId = this.ids.get(definition.eos_token)!;
    this.padTokenId = this.ids.get(definition.pad_token)!;
    this.vocabSize = this.ids.size;
    this.length = this.lengthOfFiles = definition.model_max_length ?? CLIP_POSITIONS;
    if (modelMaxLength !== undefined) this.modelMaxLength = modelMaxLength;
  }

  /**
   * Loads a folder as transformers saves it (tokenizer.json and tokenizer_config.json) or as Stable Diffusion 1.x has it
   * (vocab.json and merges.txt).
   *
   * @param name a folder or a model id that the hub's cache has. Default: the files of openai/clip-vit-base-patch32, which
   *   ship in data/
   * @throws Error naming the file if it is missing, damaged, or no CLIP tokenizer
   */
  static fromPretrained(name?: string, options: TokenizerOptions = {}): CLIPTokenizer {
    const files = pretrainedFiles();
    const read = files.readFiles(name, TOKENIZER_FILES);
    const where = name === undefined ? name : (files.placeOf?.(name) ?? name);
    return new CLIPTokenizer(read, options, where);
  }

  /**
   * Makes a tokenizer of files that were read elsewhere, such as fetched by a page.
   *
   * @param files their bytes by name: tokenizer.json, or vocab.json and merges.txt; and, where there are,
   *   tokenizer_config.json, special_tokens_map.json and added_tokens.json
   * @throws Error naming the file if it is missing, damaged, or no CLIP tokenizer
   */
  static fromFiles(files: TokenizerFiles, options: TokenizerOptions = {}): CLIPTokenizer {
    return new CLIPTokenizer(files, options);
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
   * Token ids of texts, each row padded and truncated to `maxLength`. That may be more than `modelMaxLength`, which is
   * only the default, but not more than a text encoder has positions for: 77 for CLIP, or the length in the files or
   * `modelMaxLength` where that is larger.
   *
   * @returns `input_ids` and `attention_mask` of shape [B, maxLength]; one text is a batch of one
   * @throws TypeError for a prompt that is no string; RangeError for no prompts, or a length below 2
   *   (start and end) or above the positions
   */
  encode(
    texts: string | readonly string[],
    options: EncodeOptions & { readonly returnTensors: 'tf' },
  ): TensorEncoding;
  encode(
    texts: string | readonly string[],
    options?: EncodeOptions & { readonly returnTensors?: undefined },
  ): BatchEncoding;
  encode(
    texts: string | readonly string[],
    options: EncodeOptions = {},
  ): BatchEncoding | TensorEncoding {
    const { maxLength, returnTensors } = this.checkOptions(options);
    const rows = checkTexts(texts).map((text) => this.tokenize(text));
    const input_ids = new Int32Array(rows.length * maxLength).fill(this.padTokenId);
    const attention_mask = new Int32Array(rows.length * maxLength);
    rows.forEach((ids, row) => {
      const start = row * maxLength;
      const end = start + Math.min(ids.length, maxLength);
      input_ids.set(ids.slice(0, maxLength), start);
      input_ids[end - 1] = this.eosTokenId; // the end token stays when a text is cut
      attention_mask.fill(1, start, end);
    });
    const shape = [rows.length, maxLength] as [number, number];
    const truncated = rows.map((ids) =>
      ids.length > maxLength ? this.decode(ids.slice(maxLength - 1, -1)) : '',
    );
    if (returnTensors === undefined) return { input_ids, attention_mask, shape, truncated };
    const tensor = (values: Int32Array) => tf.tensor2d(values, shape, 'int32');
    const [ids, mask] = [tensor(input_ids), tensor(attention_mask)];
    return { input_ids: ids, attention_mask: mask, shape, truncated };
  }

  private checkOptions(options: EncodeOptions) {
    const { maxLength = this.modelMaxLength, returnTensors } = options;
    const { padding = 'max_length', truncation = true } = options;
    if (padding !== 'max_length' || !truncation) {
      throw new TypeError("CLIPTokenizer: expected padding 'max_length' and truncation true.");
    }
    if (returnTensors !== undefined && returnTensors !== 'tf') {
      throw new TypeError(
        `CLIPTokenizer: expected returnTensors 'tf' or undefined, got ${JSON.stringify(returnTensors)}.`,
      );
    }
    const positions = Math.max(CLIP_POSITIONS, this.lengthOfFiles, this.modelMaxLength);
    if (Number.isInteger(maxLength) && maxLength >= 2 && maxLength <= positions) {
      return { maxLength, returnTensors };
    }
    throw new RangeError(
      `CLIPTokenizer: expected maxLength to be an integer from 2 to ${positions}, got ${String(maxLength)}.`,
    );
  }

  /** The token ids of one text from start to end token, neither padded nor truncated. */
  tokenize(text: string): number[] {
    const [checked] = checkTexts(text) as [string];
    const ids = this.inText.split(wellFormed(checked)).flatMap((piece) => {
      if (typeof piece === 'number') return [piece];
      return this.inNormalizedText
        .split(normalize(piece))
        .flatMap((part) => (typeof part === 'number' ? [part] : this.tokenizePlain(part)));
    });
    return [this.bosTokenId, ...ids, this.eosTokenId];
  }

  private tokenizePlain(normalized: string): number[] {
    return this.bpe.encode(wordsOf(normalized)).map((token) => this.ids.get(token)!);
  }

  /**
   * The text that ids spell: in lower case, one space between words, as transformers' `decode`.
   *
   * @throws RangeError for an id outside the vocabulary
   */
  decode(
    ids: Iterable<number>,
    { skipSpecialTokens = false }: { readonly skipSpecialTokens?: boolean | undefined } = {},
  ): string {
    const kept = [...ids].filter((id) => !skipSpecialTokens || !this.specialIds.has(id));
    const text = textOfTokens(this.convertIdsToTokens(kept));
    return strip(text.replaceAll('</w>', ' '));
  }

  /**
   * The tokens that ids stand for, to look at: `a</w>` ends a word, `hand` does not.
   *
   * @throws RangeError for an id outside the vocabulary
   */
  convertIdsToTokens(ids: Iterable<number>): string[] {
    return Array.from(ids, (id) => {
      const token = this.tokens.get(id);
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
    const isChanged = this.modelMaxLength !== this.lengthOfFiles;
    const files = isChanged ? withLength(this.files, this.modelMaxLength) : this.files;
    pretrainedFiles().writeFiles(folder, files);
  }
}

function checkTexts(texts: string | readonly string[]): readonly string[] {
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
