/** What was found in a data set, to be read before anything is trained on it. */
import { listed, shown } from './errors';

/** A tokenizer as far as lengths are counted. */
export interface TokenCounter {
  encode(
    texts: readonly string[],
    options: { maxLength: number },
  ): { readonly input_ids: ArrayLike<number>; readonly attention_mask: ArrayLike<number> };
}

export interface TokenLengths {
  /** Tokens that a caption may have, start and end included. */
  readonly maxLength: number;
  /** Of the longest caption. */
  readonly longest: number;
  /** Captions that are cut. */
  readonly over: number;
  /** Some of them. */
  readonly examples: readonly string[];
}

export interface DatasetReport {
  readonly source: string;
  /** How the captions are given. */
  readonly format: string;
  readonly split: string;
  /** All splits, with their files. */
  readonly splits: Readonly<Record<string, number>>;
  readonly images: number;
  /** Samples that could not be read, where the policy is to skip them. */
  readonly skipped: number;
  /** What was wrong with the first of them. */
  readonly problems: readonly string[];
  /** [height, width] of the images as they lie in the files. */
  readonly sizes: {
    readonly smallest: readonly [number, number];
    readonly largest: readonly [number, number];
  };
  /** Images that were enlarged. */
  readonly enlarged: number;
  readonly captions: {
    readonly distinct: number;
    readonly severalOfImage: number;
    readonly empty: number;
  };
  /** undefined without a tokenizer. */
  readonly tokens?: TokenLengths;
  /** What else should be known: files that were not read, and why. */
  readonly notes: readonly string[];
  toString(): string;
}

const MOST_EXAMPLES = 3;
const MOST_TOKENS = 77;

export function tokenLengths(
  captions: readonly string[],
  tokenizer: TokenCounter,
  maxLength: number,
): TokenLengths {
  let longest = 0;
  const over: string[] = [];
  for (const caption of captions) {
    // CLIP's own limit; longer ones count as this long
    const { attention_mask: mask } = tokenizer.encode([caption], { maxLength: MOST_TOKENS });
    const length = Array.prototype.reduce.call(
      mask,
      (sum, bit) => (sum as number) + (bit as number),
      0,
    ) as number;
    longest = Math.max(longest, length);
    if (length > maxLength) over.push(caption);
  }
  return { maxLength, longest, over: over.length, examples: over.slice(0, MOST_EXAMPLES) };
}

const size = ([height, width]: readonly [number, number]) => `${width} × ${height}`;
const plural = (count: number, one: string) =>
  `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`;

/** @param facts all of the report but its text */
export function makeReport(facts: Omit<DatasetReport, 'toString'>): DatasetReport {
  return { ...facts, toString: () => textOf(facts) };
}

function textOf(facts: Omit<DatasetReport, 'toString'>): string {
  const { captions, tokens, sizes, splits, skipped } = facts;
  const lines = [
    `${shown(facts.source)}: ${plural(facts.images, 'image')} of split '${facts.split}', captions by ${facts.format}`,
    `splits: ${listed(Object.entries(splits).map(([name, files]) => `${name} (${plural(files, 'file')})`))}`,
    `sizes: ${size(sizes.smallest)} to ${size(sizes.largest)} (width × height)` +
      (facts.enlarged > 0 ? `; ${facts.enlarged} were enlarged` : ''),
    `captions: ${captions.distinct} different` +
      (captions.severalOfImage > 0
        ? `; ${plural(captions.severalOfImage, 'image')} with several`
        : '') +
      (captions.empty > 0 ? `; ${plural(captions.empty, 'image')} without` : ''),
  ];
  if (tokens) {
    lines.push(
      `tokens: up to ${tokens.longest}; ${plural(tokens.over, 'caption')} over ${tokens.maxLength}` +
        (tokens.over > 0 ? `, which are cut: ${listed(tokens.examples)}` : ''),
    );
  }
  if (skipped > 0)
    lines.push(
      `skipped: ${plural(skipped, 'sample')}`,
      ...facts.problems.map((text) => `  ${text}`),
    );
  return [...lines, ...facts.notes.map((note) => `note: ${note}`)].join('\n');
}
