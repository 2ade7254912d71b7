/**
 * Text as the words that CLIP's byte-pair encoding merges: normalized, cut at spaces, letters apart from digits and signs.
 *
 * The reference is the Rust library `tokenizers` 0.23, as transformers' `CLIPTokenizer` sets it up. Its parts know different
 * versions of Unicode, and this file says where JavaScript, which knows Unicode 17, is told of more than they are.
 */

/** Code points and ranges of them in hexadecimal, as the inside of a character class. */
function characterClass(ranges: string): string {
  return ranges.replace(/[0-9A-F]+/g, '\\u{$&}').replaceAll(' ', '');
}

/** Letters and digits since Unicode 17: signs to the library that finds words (Oniguruma, Unicode 16). */
const NEW_LETTERS = characterClass(
  '88F C5C CDC A7CE A7CF A7D2 A7D4 A7F1 10940-10959 10EC5-10EC7 11DB0-11DDB 11DE0-11DE9 16EA0-16EB8 ' +
    '16EBB-16ED3 16FF2-16FF6 187F8-187FF 18D09-18D1E 18D80-18DF2 1E6C0-1E6DE 1E6E0-1E6E2 1E6E4 1E6E5 ' +
    '1E6E7-1E6ED 1E6F0-1E6F4 1E6FE 1E6FF 2B73A-2B73F 2CEA2-2CEAD 323B0-33479',
);

/**
 * Characters since Unicode 10 that combine with others: to the library that normalizes (of Unicode 9) each stands for
 * itself, and nothing is moved or joined across it.
 */
const NEW_MARKS = characterClass(
  '7FD 897-89F 8CA-8D3 9FE C3C D3B D3C EBA 1715 1ABF-1ADD 1AE0-1AEB 1DF6-1DFA A82C 105C9 105D2 105DA ' +
    '105E4 10D24-10D27 10D69-10D6D 10EAB 10EAC 10EFA 10EFB 10EFD-10EFF 10F46-10F50 10F82-10F85 11070 ' +
    '1133B 11382-11391 113B8-113C9 113CE-113D0 1145E 11839 1183A 11930-11938 1193D 1193E 11943 119E0 ' +
    '11A34 11A47 11A99 11D42 11D44 11D45 11D97 11F41 11F42 1611E-1612F 16D63-16D6A 16FF0 16FF1 1E08F ' +
    '1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF 1E5EE 1E5EF 1E6E3 1E6E6 1E6EE 1E6EF 1E6F5',
);

const LONE_SURROGATE = /\p{Surrogate}/gu;
const AT_NEW_MARKS = new RegExp(`([${NEW_MARKS}])`, 'u');
const WORD = new RegExp(
  "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d" +
    `|(?:(?![${NEW_LETTERS}])\\p{L})+|(?![${NEW_LETTERS}])\\p{N}` +
    `|(?:[${NEW_LETTERS}]|[^\\p{White_Space}\\p{L}\\p{N}])+`,
  'gu',
);

/** A special token's name in other letters is kept from its surroundings, then cut itself. */
const SPECIAL = /^(<\|)((?:start|end)oftext)(\|>)$/;

/** Half of a surrogate pair is no character: it becomes U+FFFD, as wherever text is written as UTF-8. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, '\uFFFD');
}

/** Composed (NFC), one space for any white space, lower case letter by letter: Σ is σ at the end of a word too. */
export function normalize(text: string): string {
  const composed = text
    .split(AT_NEW_MARKS) // every other piece is such a mark
    .map((piece, i) => (i % 2 === 0 ? piece.normalize('NFC') : piece))
    .join('');
  const spaced = composed.replace(/\p{White_Space}+/gu, ' ');
  return Array.from(spaced, (character) => character.toLowerCase()).join('');
}

/** The words of normalized text, each in the characters that stand for its bytes. */
export function wordsOf(normalized: string): string[] {
  const words = normalized.match(WORD) ?? [];
  return words.flatMap((word) => SPECIAL.exec(word)?.slice(1) ?? [word]).map(asByteCharacters);
}

/** GPT-2's `bytes_to_unicode`: a character that can be seen for each byte. */
const BYTE_CHARACTERS = ((): readonly string[] => {
  const isSeen = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(isSeen(byte) ? byte : next++),
  );
})();
const BYTE_OF = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

function asByteCharacters(word: string): string {
  return Array.from(new TextEncoder().encode(word), (byte) => BYTE_CHARACTERS[byte]).join('');
}

/** What Python's `str.strip` takes off. */
const SPACE = `[\\p{White_Space}${characterClass('1C-1F')}]+`;
const ENDS = new RegExp(`^${SPACE}|${SPACE}$`, 'gu');

export function strip(text: string): string {
  return text.replace(ENDS, '');
}

/** What tokens spell: the opposite of `wordsOf`, with U+FFFD where bytes make no character. */
export function textOfTokens(tokens: readonly string[]): string {
  const bytes = tokens.flatMap((token) => {
    const found = Array.from(token, (character) => BYTE_OF.get(character));
    return found.includes(undefined) ? [...new TextEncoder().encode(token)] : (found as number[]);
  });
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}
