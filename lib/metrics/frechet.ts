import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { commonWidth, selectRows, widthOf, type Features } from './features';

interface Gaussian {
  readonly mean: Float64Array;
  readonly covariance: Matrix;
}

/** Mean and unbiased covariance of the rows. */
function gaussianOf(set: Features): Gaussian {
  const width = widthOf(set);
  const { length, features } = set;
  const mean = new Float64Array(width);
  features.forEach((value, i) => (mean[i % width]! += value / length));
  const sums = Array.from({ length: width }, () => new Float64Array(width));
  const row = new Float64Array(width);
  for (let i = 0; i < length; i++) {
    for (let k = 0; k < width; k++) row[k] = features[i * width + k]! - mean[k]!;
    for (let j = 0; j < width; j++) {
      const [sum, x] = [sums[j]!, row[j]!];
      if (x !== 0) for (let k = j; k < width; k++) sum[k]! += x * row[k]!;
    }
  }
  const covariance = new Matrix(width, width);
  for (let j = 0; j < width; j++) {
    for (let k = j; k < width; k++) {
      const value = sums[j]![k]! / (length - 1);
      covariance.set(j, k, value).set(k, j, value);
    }
  }
  return { mean, covariance };
}

/** Eigenvalues below zero are rounding: a covariance has none. */
function decompose(symmetric: Matrix) {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, {
    assumeSymmetric: true,
  });
  return { roots: realEigenvalues.map((x) => Math.sqrt(Math.max(0, x))), eigenvectorMatrix };
}

function squareRoot(symmetric: Matrix): Matrix {
  const { roots, eigenvectorMatrix: V } = decompose(symmetric);
  return V.mmul(Matrix.diag(roots)).mmul(V.transpose());
}

/**
 * Fréchet distance of the normal distributions fitted to two sets of features:
 * |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½). Heusel et al. 2017, "GANs trained by a two time-scale update
 * rule …", equation 6; covariances as numpy's `cov`, which the usual implementations take. It falls
 * with the number of images: compare at equal numbers only.
 *
 * @throws RangeError if widths differ or a set has fewer than two images
 */
export function frechetDistance(a: Features, b: Features): number {
  return frechetDistanceFrom(a)(b);
}

/**
 * `frechetDistance` of many sets from one, whose share of the work is done once.
 *
 * @returns a function of the other set
 * @throws RangeError as `frechetDistance`: here if the first set has fewer than two images, the rest when called
 */
export function frechetDistanceFrom(a: Features): (b: Features) => number {
  commonWidth(a, a, 2);
  const first = gaussianOf(a);
  // tr (Σ₁Σ₂)^½ through the symmetric Σ₁^½ Σ₂ Σ₁^½, which has the same eigenvalues.
  const root = squareRoot(first.covariance);
  return (b) => {
    commonWidth(a, b, 2);
    const second = gaussianOf(b);
    const shift = first.mean.reduce((sum, x, i) => sum + (x - second.mean[i]!) ** 2, 0);
    const product = root.mmul(second.covariance).mmul(root);
    const symmetric = Matrix.add(product, product.transpose()).mul(0.5);
    const overlap = decompose(symmetric).roots.reduce((sum, x) => sum + x, 0);
    return shift + first.covariance.trace() + second.covariance.trace() - 2 * overlap;
  };
}

const MOST_GROUPS = 20;

/**
 * Standard error of the Fréchet distance of generated images to a real set: how far it would move with other
 * images of the same model. By the delete-a-group jackknife (Quenouille 1956, Tukey 1958): the distances that
 * are left when each of up to 20 groups is left out in turn.
 *
 * @param generated rows in blocks that are alike, one of each class for example
 * @param blockSize rows of a block: they are left out together
 * @returns NaN for fewer than two blocks
 * @throws RangeError if `blockSize` is not an integer of 1 or more, or as `frechetDistance`
 */
export function frechetStandardError(generated: Features, real: Features, blockSize = 1): number {
  if (!Number.isInteger(blockSize) || blockSize < 1) {
    throw new RangeError(
      `frechetStandardError: expected blockSize to be an integer of 1 or more, got ${blockSize}.`,
    );
  }
  const groups = Math.min(MOST_GROUPS, Math.floor(generated.length / blockSize));
  if (groups < 2) return NaN;
  const rows = Array.from({ length: generated.length }, (_, row) => row);
  const distanceTo = frechetDistanceFrom(real);
  const distances = Array.from({ length: groups }, (_, group) => {
    const kept = rows.filter((row) => Math.floor(row / blockSize) % groups !== group);
    return distanceTo(selectRows(generated, kept));
  });
  const mean = distances.reduce((sum, x) => sum + x, 0) / groups;
  const squares = distances.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return Math.sqrt(((groups - 1) / groups) * squares);
}
