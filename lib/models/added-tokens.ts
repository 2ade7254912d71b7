/** Tokens that are found in a text as a whole, before it is cut into words; as Rust's `AddedVocabulary`. */

/** `tokenizers.AddedToken`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Left out by `skipSpecialTokens`. */
  readonly special: boolean;
  /** Looked for in the normalized text, not in the text as it was given. */
  readonly normalized: boolean;
  /** Takes the white space before it. */
  readonly lstrip: boolean;
  /** Takes the white space after it. */
  readonly rstrip: boolean;
  /** Found only where no word character stands beside it. */
  readonly single_word: boolean;
}

/** A token's id, or text that holds none. */
export type Piece = number | string;

/** Finds tokens by what they look like in the text. */
export class TokenFinder {
  private readonly pattern: RegExp | null;

  constructor(private readonly tokens: ReadonlyMap<string, AddedToken>) {
    const longestFirst = [...tokens.keys()]
      .filter((text) => text !== '')
      .sort((a, b) => b.length - a.length)
      .map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
    this.pattern = longestFirst.length > 0 ? new RegExp(longestFirst.join('|'), 'gu') : null;
  }

  split(text: string): Piece[] {
    if (this.pattern === null) return [text];
    const pieces: Piece[] = [];
    let done = 0;
    for (const { 0: found, index } of text.matchAll(this.pattern)) {
      const token = this.tokens.get(found)!;
      const [before, after] = [text.slice(0, index), text.slice(index + found.length)];
      if (
        token.single_word &&
        (/[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u.test(before) ||
          /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u.test(after))
      )
        continue;
      const start = token.lstrip ? before.replace(/\p{White_Space}+$/u, '').length : index;
      const rest = token.rstrip ? after.replace(/^\p{White_Space}+/u, '') : after;
      if (start > done) pieces.push(text.slice(done, start));
      pieces.push(token.id);
      done = text.length - rest.length;
    }
    if (done < text.length) pieces.push(text.slice(done));
    return pieces;
  }
}
