/** The captions of the digits, as the blog has them. */

/** Caption i is digit i's. */
export const DIGIT_CAPTIONS: readonly string[] = Array.from(
  { length: 10 },
  (_, digit) => `A handwritten digit ${digit}`,
);

/**
 * The caption that the model is trained on.
 *
 * @param label a digit
 * @throws RangeError if it is no integer from 0 to 9
 */
export function captionOf(label: number): string {
  if (Number.isInteger(label) && label >= 0 && label <= 9) return DIGIT_CAPTIONS[label]!;
  throw new RangeError(`captionOf: expected an integer label from 0 to 9, got ${String(label)}.`);
}
