/** Principal components of a few long vectors, by way of their small Gram matrix. */

export interface PrincipalComponents {
  /** N points in `dimensions` coordinates, the strongest first. */
  readonly points: readonly (readonly number[])[];
  /** The share of the variance along each coordinate, 0 to 1. */
  readonly shares: readonly number[];
}

/** Eigenvalues and eigenvectors (columns) of a symmetric matrix, by Jacobi's cyclic rotations. */
function symmetricEigen(matrix: readonly (readonly number[])[]) {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = a.map((_, i) => a.map((__, j) => (i === j ? 1 : 0)));
  const at = (m: number[][], i: number, j: number) => m[i]![j]!;
  const rotateColumns = (m: number[][], p: number, q: number, c: number, s: number) => {
    for (let k = 0; k < n; k++) {
      const [x, y] = [at(m, k, p), at(m, k, q)];
      m[k]![p] = c * x - s * y;
      m[k]![q] = s * x + c * y;
    }
  };
  for (let sweep = 0; sweep < 50; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = at(a, p, q);
        off += apq * apq;
        if (Math.abs(apq) < 1e-300) continue;
        const theta = (at(a, q, q) - at(a, p, p)) / (2 * apq);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        rotateColumns(a, p, q, c, s);
        for (let k = 0; k < n; k++) {
          const [x, y] = [at(a, p, k), at(a, q, k)];
          a[p]![k] = c * x - s * y;
          a[q]![k] = s * x + c * y;
        }
        rotateColumns(v, p, q, c, s);
      }
    }
    if (off < 1e-22) break;
  }
  return { values: a.map((row, i) => row[i]!), vectors: v };
}

/**
 * Principal component analysis of N vectors of any length (N at most some hundred). The sign of each
 * coordinate is such that its largest entry is positive.
 *
 * @param data N · D numbers in row-major order
 * @throws RangeError if the numbers do not make N equal rows, or are not finite
 */
export function principalComponents(
  data: ArrayLike<number>,
  [N, D]: readonly [number, number],
  dimensions = 2,
): PrincipalComponents {
  if (!(N >= 2 && D >= 1) || data.length !== N * D) {
    throw new RangeError(
      `Expected at least 2 vectors, ${N} × ${D} numbers, got ${data.length} numbers.`,
    );
  }
  const rows = Array.from({ length: N }, (_, i) =>
    Array.from({ length: D }, (__, j) => data[i * D + j]!),
  );
  if (rows.flat().some((value) => !Number.isFinite(value))) {
    throw new RangeError('Expected finite numbers, got NaN or infinity.');
  }
  const mean = rows[0]!.map((_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / N);
  const centred = rows.map((row) => row.map((value, j) => value - mean[j]!));
  const gram = centred.map((x) => centred.map((y) => x.reduce((sum, v, j) => sum + v * y[j]!, 0)));
  const { values, vectors } = symmetricEigen(gram);
  const order = values.map((_, i) => i).sort((i, j) => values[j]! - values[i]!);
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const axes = order.slice(0, dimensions).map((column) => {
    const length = Math.sqrt(Math.max(0, values[column]!));
    const axis = vectors.map((row) => row[column]! * length);
    const largest = axis.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
    return largest < 0 ? axis.map((value) => -value) : axis;
  });
  return {
    points: rows.map((_, i) => axes.map((axis) => axis[i]!)),
    shares: order.slice(0, dimensions).map((i) => (total ? Math.max(0, values[i]!) / total : 0)),
  };
}
