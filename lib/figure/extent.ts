/** The least and the largest of some numbers. */
export interface Extent {
  readonly low: number;
  readonly high: number;
}

/**
 * The least and the largest finite number among the values, by a loop: `Math.max(...values)` overflows the stack where
 * there are some 120,000 of them.
 *
 * @returns NaN for both if no value is finite
 */
export function extentOf(values: ArrayLike<number>): Extent {
  let [low, high] = [NaN, NaN];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (!(value >= low)) low = value;
    if (!(value <= high)) high = value;
  }
  return { low, high };
}
