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
 * statistical inference": unlike the normal interval, it
 * holds near 0 and 1.
 *
 * @param z quantile of the standard normal; default: that of a 95 % interval
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
