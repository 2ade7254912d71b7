/** Mirroring makes another thing of a digit: a transform that does so is refused where captions name digits. */
import { Compose, RandomHorizontalFlip, type ImageTransform } from './image-transforms';

/** A caption that is a digit, or speaks of one: `7`, `A handwritten digit 7`, `the number seven`. */
const NAMES_DIGIT =
  /^\s*\d\s*$|\bdigits?\b|\b(number|numeral) (\d|zero|one|two|three|four|five|six|seven|eight|nine)\b/i;

/** Whether a transform may mirror a picture. */
export function mirrors(transform: ImageTransform | undefined): boolean {
  if (transform instanceof Compose) return transform.transforms.some(mirrors);
  return transform instanceof RandomHorizontalFlip && transform.p > 0;
}

/**
 * @param what mirrors, as the caller named it
 * @throws RangeError for a caption of a digit whose picture may be mirrored
 */
export function refuseMirroredDigits(what: string, captions: readonly string[]): void {
  const caption = captions.find((text) => NAMES_DIGIT.test(text));
  if (caption === undefined) return;
  throw new RangeError(
    `${what}: expected pictures that mirroring leaves right, got those of digits, by the caption ` +
      `'${caption.slice(0, 80)}'. Leave it out.`,
  );
}
