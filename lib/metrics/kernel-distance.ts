import { commonWidth, type Features } from './features';

/** Σ of (x·y / width + 1)³ over all pairs of rows; without i = j if both are the same set. */
function kernelSum(a: Features, b: Features, width: number): number {
  const same = a === b;
  const [x, y] = [a.features, b.features];
  let total = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = same ? i + 1 : 0; j < b.length; j++) {
      let dot = 0;
      for (let k = 0, p = i * width, q = j * width; k < width; k++, p++, q++) dot += x[p]! * y[q]!;
      const base = dot / width + 1;
      total += base * base * base;
    }
  }
  return same ? 2 * total : total;
}

/**
 * Kernel distance (KID): the unbiased estimate of the squared maximum mean discrepancy with the
 * polynomial kernel (x·y / width + 1)³. Bińkowski et al. 2018, "Demystifying MMD GANs", section 4 and
 * appendix; over all images at once rather than a mean of subsets. Its expectation does not depend on the
 * number of images; for two sets of one kind it is 0, so an estimate can be
 * negative.
 *
 * @throws RangeError if widths differ or a set has fewer than two images
 */
export function kernelDistance(a: Features, b: Features): number {
  const width = commonWidth(a, b, 2);
  const [m, n] = [a.length, b.length];
  return (
    kernelSum(a, a, width) / (m * (m - 1)) +
    kernelSum(b, b, width) / (n * (n - 1)) -
    (2 * kernelSum(a, { ...b }, width)) / (m * n)
  );
}
