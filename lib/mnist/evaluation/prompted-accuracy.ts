/** How often the judge sees the digit that was asked for, with intervals. */
import { wilson, type Share } from '../../metrics/wilson';

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
