/** What a tokenizer is asked for and gives, named as transformers names it. */
import type { tf } from '../backend';

export interface EncodeOptions {
  /** Tokens of a row, start and end included. Default: the tokenizer's `modelMaxLength`. */
  readonly maxLength?: number | undefined;
  /** Shorter texts are filled up with the padding token. */
  readonly padding?: 'max_length';
  /** Longer texts lose their last tokens before the end token. */
  readonly truncation?: true;
  /** 'tf' for tensors, which the caller disposes; transformers' `return_tensors`. Default: Int32Arrays. */
  readonly returnTensors?: 'tf' | undefined;
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
  /** For each text what was cut off, as its tokens spell it; the empty text where nothing was. */
  readonly truncated: readonly string[];
}

/** The same as int32 tensors [B, L]; the caller disposes both. */
export interface TensorEncoding extends Omit<BatchEncoding, 'input_ids' | 'attention_mask'> {
  readonly input_ids: tf.Tensor2D;
  readonly attention_mask: tf.Tensor2D;
}
