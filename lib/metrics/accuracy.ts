/** How often the judge sees the digit that was asked for, with intervals. */

/** A share with its 95 % interval. */
export interface Share {
  readonly right: number;
  readonly of: number;
  /** right / of; NaN if there is none. */
  readonly share: number;
  /** Wilson's 95 % interval. */
  readonly low: number;
  readonly high: number;
}

const Z_95 = 1.959963984540054;

/**
 * A share with the score interval of Wilson 1927, "Probable inference, the law of succession, and
 * statistical inference": unlike the plain one, it stays right near 0 and 1.
 *
 * @param z quantile of the standard normal; 95 % unless told
 * @throws RangeError unless both are integers with 0 ≤ right ≤ of
 */
export function wilson(right: number, of: number, z = Z_95): Share {
  if (!Number.isInteger(right) || !Number.isInteger(of) || right < 0 || right > of) {
    throw new RangeError(`wilson: expected integers 0 ≤ right ≤ of, got ${right} of ${of}.`);
  }
  if (of === 0) return { right, of, share: NaN, low: 0, high: 1 };
  const share = right / of;
  const middle = share + (z * z) / (2 * of);
  const reach = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const scale = 1 + (z * z) / of;
  return {
    right,
    of,
    share,
    low: Math.max(0, (middle - reach) / scale),
    high: Math.min(1, (middle + reach) / scale),
  };
}

export interface PromptedAccuracy {
  readonly overall: Share;
  /** By the digit that was asked for. */
  readonly perDigit: readonly Share[];
  /** `confusion[asked][seen]`: how many images. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * Compares what was asked for with what the judge sees.
 *
 * @param prompted,predictions digits 0 to classes − 1, one per image
 * @throws RangeError if lengths differ or a digit is out of range
 */
export function promptedAccuracy(
  prompted: Uint8Array,
  predictions: Uint8Array,
  classes = 10,
): PromptedAccuracy {
  if (prompted.length !== predictions.length) {
    throw new RangeError(
      `promptedAccuracy: expected as many predictions as prompts, got ${predictions.length} and ` +
        `${prompted.length}.`,
    );
  }
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  prompted.forEach((asked, i) => {
    const seen = predictions[i]!;
    if (asked >= classes || seen >= classes) {
      throw new RangeError(
        `promptedAccuracy: expected digits below ${classes}, got ${asked} and ${seen} at ${i}.`,
      );
    }
    confusion[asked]![seen]! += 1;
  });
  const perDigit = confusion.map((row, digit) => {
    return wilson(
      row[digit]!,
      row.reduce((sum, count) => sum + count, 0),
    );
  });
  const right = perDigit.reduce((sum, share) => sum + share.right, 0);
  return { overall: wilson(right, prompted.length), perDigit, confusion };
}
