/** Image-text retrieval: is the caption that an image was drawn for the one that fits it best, among all of them? */
import { commonWidth, type Features } from './features';
import { wilson, type Share } from './wilson';

/** Cosines of a row of `a` with all rows of `b`, given the lengths of the rows. */
function lengths({ length, features }: Features, width: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => {
    let sum = 0;
    for (let k = i * width; k < (i + 1) * width; k++) sum += features[k]! ** 2;
    return Math.sqrt(sum);
  });
}

/**
 * Recall at k (R@k) of CLIP's papers, by the cosine of the features of images and captions: the share of images whose
 * own caption is among the k nearest. A caption as near as the own one counts as nearer, so that features that are all the
 * same get none right.
 *
 * @param captions features of all captions that are asked among, each once
 * @param own the row of `captions` that belongs to each image
 * @param k default: 1 and 5
 * @returns a share with its 95 % interval for each k
 * @throws RangeError if widths differ, a set is empty, `own` does not fit, a k is none, or a row is zero or not finite
 */
export function retrieval(
  images: Features,
  captions: Features,
  own: ArrayLike<number>,
  k: readonly number[] = [1, 5],
): Share[] {
  const width = commonWidth(images, captions, 1);
  if (own.length !== images.length) {
    throw new RangeError(
      `retrieval: expected the caption of each of ${images.length} images, got ${own.length}.`,
    );
  }
  const badK = k.find((value) => !Number.isInteger(value) || value < 1);
  if (badK !== undefined) {
    throw new RangeError(`retrieval: expected k to be integers of 1 or more, got ${badK}.`);
  }
  const [imageLengths, captionLengths] = [lengths(images, width), lengths(captions, width)];
  for (const [name, all] of [
    ['image', imageLengths],
    ['caption', captionLengths],
  ] as const) {
    const bad = all.findIndex((value) => !(value > 0 && value < Infinity));
    if (bad >= 0) {
      throw new RangeError(
        `retrieval: expected features that are finite and not all 0, got others for ${name} ${bad}.`,
      );
    }
  }
  const right = new Array<number>(k.length).fill(0);
  for (let i = 0; i < images.length; i++) {
    const asked = own[i]!;
    if (!(Number.isInteger(asked) && asked >= 0 && asked < captions.length)) {
      throw new RangeError(
        `retrieval: expected captions from 0 to ${captions.length - 1}, got ${asked} for image ${i}.`,
      );
    }
    const cosine = (j: number) => {
      let sum = 0;
      for (let c = 0, p = i * width, q = j * width; c < width; c++, p++, q++) {
        sum += images.features[p]! * captions.features[q]!;
      }
      return sum / (imageLengths[i]! * captionLengths[j]!);
    };
    const target = cosine(asked);
    let nearer = 0;
    for (let j = 0; j < captions.length; j++) nearer += Number(j !== asked && cosine(j) >= target);
    k.forEach((most, at) => (right[at]! += Number(nearer < most)));
  }
  return right.map((count) => wilson(count, images.length));
}
