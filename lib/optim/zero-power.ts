/**
 * The orthogonal matrix nearest to a matrix, U·Vᵀ of its U·S·Vᵀ, about: five steps of a quintic Newton–Schulz iteration leave
 * singular values between 0.7 and 1.2. Jordan et al. 2024 ("Muon"); torch.optim's `_zeropower_via_newtonschulz`.
 */
import { tf } from '../backend';

export interface NewtonSchulz {
  /** a, b, c of x ← a·x + b·x³ + c·x⁵. */
  readonly nsCoefficients: readonly [number, number, number];
  readonly nsSteps: number;
  /** Smallest norm that a matrix is divided by. */
  readonly eps: number;
}

/**
 * Matrices of one shape at once, since a graph's cost here is that of its ops, not of their numbers.
 *
 * @param matrices [n, r, c]; the caller disposes them
 * @returns [n, r, c], which the caller disposes
 */
export function zeroPowers(matrices: tf.Tensor3D, options: NewtonSchulz): tf.Tensor3D {
  const { eps, nsCoefficients, nsSteps } = options;
  const [a, b, c] = nsCoefficients;
  const [, rows, columns] = matrices.shape;
  const isTall = rows > columns;
  return tf.tidy(() => {
    const norms = tf.sqrt(tf.sum(tf.square(matrices), [1, 2], true));
    let x: tf.Tensor3D = tf.div(matrices, tf.maximum(norms, eps));
    for (let step = 0; step < nsSteps; step++) {
      // of the smaller side: xᵀx of a tall matrix, xxᵀ of a wide one
      const gram = tf.matMul(x, x, isTall, !isTall);
      const update = tf.add<tf.Tensor3D>(tf.mul(gram, b), tf.mul(tf.matMul(gram, gram), c));
      const moved = isTall ? tf.matMul(x, update) : tf.matMul(update, x);
      x = tf.add<tf.Tensor3D>(tf.mul(x, a), moved);
    }
    return x;
  });
}
