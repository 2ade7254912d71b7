/** Sets of feature vectors, and the distances between their members. Plain loops in double precision. */

/** Rows of a matrix, one per image. */
export interface Features {
  /** Rows. */
  readonly length: number;
  /** Row by row, [length, width]. */
  readonly features: Float32Array;
}

/** Columns of the matrix. @throws RangeError if the numbers do not fill whole rows */
export function widthOf({ length, features }: Features): number {
  const width = features.length / length;
  if (!Number.isInteger(width) || width < 1) {
    throw new RangeError(`Expected ${length} rows of features, got ${features.length} numbers.`);
  }
  return width;
}

/** The common width of both. @throws RangeError if they differ or a set has fewer rows than needed */
export function commonWidth(a: Features, b: Features, atLeast: number): number {
  const [width, other] = [widthOf(a), widthOf(b)];
  if (width !== other) {
    throw new RangeError(`Expected features of one width, got ${width} and ${other}.`);
  }
  const fewest = Math.min(a.length, b.length);
  if (fewest < atLeast) {
    throw new RangeError(`Expected at least ${atLeast} images in each set, got ${fewest}.`);
  }
  return width;
}

/** Squared Euclidean distances of all rows of a to all rows of b, [a.length, b.length]. */
export function squaredDistances(a: Features, b: Features): Float64Array {
  const width = commonWidth(a, b, 1);
  const distances = new Float64Array(a.length * b.length);
  const [x, y] = [a.features, b.features];
  for (let i = 0, out = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++, out++) {
      let sum = 0;
      for (let k = 0, p = i * width, q = j * width; k < width; k++, p++, q++) {
        const difference = x[p]! - y[q]!;
        sum += difference * difference;
      }
      distances[out] = sum;
    }
  }
  return distances;
}

/** The rows at these places, in this order. */
export function selectRows(set: Features, rows: ArrayLike<number>): Features {
  const width = widthOf(set);
  const features = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * width;
    features.set(set.features.subarray(from, from + width), i * width);
  }
  return { length: rows.length, features };
}
