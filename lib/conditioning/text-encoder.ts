/** What conditioning by text needs: any tokenizer and text encoder that have these. */
import type { tf } from '../backend';

/** `CLIPTextModel` is one. */
export interface TextEncoder {
  readonly config: {
    /** Width of an embedding. */
    readonly hidden_size: number;
    /** Token ids that it knows. */
    readonly vocab_size: number;
  };
  /** @param inputIds int32 [B, L] @returns [B, L, hidden_size]; the caller disposes it */
  lastHiddenState(inputIds: tf.Tensor2D): tf.Tensor3D;
}

/** `CLIPTokenizer` is one. */
export interface TextTokenizer {
  /** Token ids that it gives. */
  readonly vocabSize: number;
  /** Tokens of a text, padded or cut, where no other length is asked for. */
  modelMaxLength: number;
  encode(
    texts: string | readonly string[],
    options?: { readonly maxLength?: number },
  ): {
    readonly input_ids: Int32Array;
    readonly shape: readonly [number, number];
    /** For each text what was cut off, '' for nothing. */
    readonly truncated?: readonly string[];
  };
}
