/**
 * A strict JSON reader for safetensors headers. `JSON.parse` will not do: it keeps the last of two
 * equal keys, reads `1.0` and `1e2` as integers, rounds integers above 2^53, gives `__proto__` a
 * meaning and lets lone surrogates through. Here a key may occur once, integers are exact, and
 * objects are Maps.
 */

/** A number that is not a plain non-negative integer of 64 bits: `1.5`, `1e2`, `-0`, `-1`, 2^64. */
export class OtherNumber {
  constructor(readonly text: string) {}
}

/** Integers are bigint, so that 2^64 - 1 is what it was in the file. */
export type StrictJson =
  | null
  | boolean
  | bigint
  | OtherNumber
  | string
  | readonly StrictJson[]
  | ReadonlyMap<string, StrictJson>;

/** Expected and found, with the character's position in the text. */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';
  constructor(
    readonly expected: string,
    readonly found: string,
    readonly key?: string,
  ) {
    super(`expected ${expected}, found ${found}`);
  }
}

/** As deep as the reference's JSON reader (serde_json) goes. */
const MAX_DEPTH = 128;
const MAX_NUMBER_LENGTH = 1000;
const MAX_U64 = 2n ** 64n - 1n;
const LONE_SURROGATE = /\p{Surrogate}/u;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/**
 * Reads one JSON value and nothing after it but whitespace.
 *
 * @throws StrictJsonError at the first character that does not fit
 */
export function parseStrictJson(text: string): StrictJson {
  return new Reader(text).document();
}

class Reader {
  private position = 0;

  constructor(private readonly text: string) {}

  document(): StrictJson {
    const value = this.value(1);
    this.skipWhitespace();
    if (this.position < this.text.length) this.fail('the end of the text');
    return value;
  }

  private value(depth: number): StrictJson {
    if (depth > MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} levels of nesting`, 'a deeper one');
    this.skipWhitespace();
    const character = this.text[this.position];
    switch (character) {
      case '{':
        return this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private object(depth: number): ReadonlyMap<string, StrictJson> {
    const entries = new Map<string, StrictJson>();
    this.position += 1;
    this.skipWhitespace();
    if (this.accept('}')) return entries;
    do {
      this.skipWhitespace();
      if (this.text[this.position] !== '"') this.fail('a key in double quotes');
      const key = this.string();
      if (entries.has(key)) {
        throw new StrictJsonError('every key once', `the key ${JSON.stringify(key)} twice`, key);
      }
      this.skipWhitespace();
      if (!this.accept(':')) this.fail('":"');
      entries.set(key, this.value(depth + 1));
      this.skipWhitespace();
    } while (this.accept(','));
    if (!this.accept('}')) this.fail('"," or "}"');
    return entries;
  }

  private array(depth: number): readonly StrictJson[] {
    const items: StrictJson[] = [];
    this.position += 1;
    this.skipWhitespace();
    if (this.accept(']')) return items;
    do {
      items.push(this.value(depth + 1));
      this.skipWhitespace();
    } while (this.accept(','));
    if (!this.accept(']')) this.fail('"," or "]"');
    return items;
  }

  private string(): string {
    const start = this.position;
    let end = start + 1;
    for (;;) {
      const code = this.text.charCodeAt(end); // NaN at the end
      if (code === 0x22) break;
      if (Number.isNaN(code)) this.fail('a closing double quote', 'the end of the text');
      end += code === 0x5c ? 2 : 1; // an escaped character cannot close the string
    }
    this.position = end + 1;
    const literal = this.text.slice(start, end + 1);
    let value: string;
    try {
      value = JSON.parse(literal) as string;
    } catch {
      this.position = start;
      return this.fail('a JSON string without control characters and with known escapes');
    }
    if (LONE_SURROGATE.test(value)) {
      this.position = start;
      this.fail('a string of whole characters', 'half of a surrogate pair');
    }
    return value;
  }

  private number(): bigint | OtherNumber {
    const start = this.position;
    let end = start;
    while (end < this.text.length && '0123456789+-.eE'.includes(this.text.charAt(end))) end += 1;
    const token = this.text.slice(start, end);
    if (token.length === 0 || token.length > MAX_NUMBER_LENGTH || !NUMBER.test(token)) {
      this.fail('a JSON value');
    }
    this.position = end;
    if (!/^[0-9]{1,20}$/.test(token)) return new OtherNumber(token);
    const integer = BigInt(token);
    return integer > MAX_U64 ? new OtherNumber(token) : integer;
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.position)) this.fail('a JSON value');
    this.position += word.length;
    return value;
  }

  private accept(character: string): boolean {
    if (this.text[this.position] !== character) return false;
    this.position += 1;
    return true;
  }

  private skipWhitespace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.position);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.position += 1;
    }
  }

  private fail(expected: string, found?: string): never {
    const rest = this.text.slice(this.position, this.position + 20);
    const what = found ?? (rest === '' ? 'the end of the text' : JSON.stringify(rest));
    throw new StrictJsonError(`${expected} at character ${this.position}`, what);
  }
}
