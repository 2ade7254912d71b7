import { describe, expect, it } from 'vitest';
import { captionOf } from '../../lib/mnist/captions';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { SMALL_TEXT_CONFIG } from '../../lib/mnist/presets';
import { SMALL_TOKENIZER } from '../../lib/mnist/shipped';

describe('the small tokenizer (scripts/trim_tokenizer.py)', () => {
  const whole = CLIPTokenizer.fromPretrained();
  const small = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER);
  const pieces = (tokenizer: CLIPTokenizer, text: string) =>
    tokenizer.convertIdsToTokens(tokenizer.tokenize(text));

  it("cuts the captions into the same pieces as CLIP's own", () => {
    const texts = ['', ...Array.from({ length: 10 }, (_, digit) => captionOf(digit))];
    for (const text of texts) expect(pieces(small, text), text).toEqual(pieces(whole, text));
  });

  it('has ids for every text', () => {
    const text = 'naïve 東京 🙂 !?';
    const bytes = (tokenizer: CLIPTokenizer) => pieces(tokenizer, text).join('');
    expect(bytes(small)).toBe(bytes(whole));
  });

  it('fits the config of the small text encoder', () => {
    const { vocab_size, bos_token_id, eos_token_id, pad_token_id } = SMALL_TEXT_CONFIG;
    expect([vocab_size, bos_token_id, eos_token_id, pad_token_id]).toEqual([
      small.vocabSize,
      small.bosTokenId,
      small.eosTokenId,
      small.padTokenId,
    ]);
  });
});
