import { refuseDisposed } from '../nn/disposed';
import type { TextEncoder, TextTokenizer } from './text-encoder';

export interface TextParts {
  readonly unet: { readonly config: { readonly cross_attention_dim: number | readonly number[] } };
  readonly textEncoder: TextEncoder;
  readonly tokenizer: TextTokenizer;
}

/**
 * Checks that the UNet takes what the text encoder gives, and the text encoder what the tokenizer gives.
 *
 * @param what the class or folder, for the message
 * @throws Error naming everything that does not fit, or was disposed
 */
export function checkTextParts(what: string, { unet, textEncoder, tokenizer }: TextParts): void {
  refuseDisposed(what, { unet, textEncoder });
  const { cross_attention_dim } = unet.config;
  const { hidden_size, vocab_size } = textEncoder.config;
  const widths = [cross_attention_dim].flat();
  const problems: string[] = [];
  if (!widths.includes(hidden_size)) {
    problems.push(
      `the text encoder's hidden_size (${hidden_size}) must equal the UNet's cross_attention_dim ` +
        `(${widths.join(', ')})`,
    );
  }
  if (tokenizer.vocabSize > vocab_size) {
    problems.push(
      `the text encoder's vocab_size (${vocab_size}) must be at least the tokenizer's ` +
        `(${tokenizer.vocabSize})`,
    );
  }
  if (problems.length > 0) throw new Error(`${what}: ${problems.join('; ')}.`);
}
