import '../../lib/pretrained';
import { expect } from 'vitest';
import { tf } from '../../lib/backend';
import '../../lib/backend/node'; // opens TensorFlow

type Numbers = ArrayLike<number>;

/** Largest |a − b| over the largest |b|. */
export function relativeToMax(actual: Numbers, expected: Numbers): number {
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const delta = Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN));
    if (!(delta <= difference)) difference = delta; // also lets NaN through
    scale = Math.max(scale, Math.abs(expected[i] ?? 0));
  }
  return difference / (scale || 1);
}

/** ‖a − b‖ over ‖b‖. */
function relativeNorm(actual: Numbers, expected: Numbers): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += ((actual[i] ?? NaN) - (expected[i] ?? NaN)) ** 2;
    norm += (expected[i] ?? NaN) ** 2;
  }
  return Math.sqrt(difference) / (Math.sqrt(norm) || 1);
}

function report(
  name: string,
  actual: Numbers,
  expected: Numbers,
  error: number,
  tolerance: number,
) {
  const pass = actual.length === expected.length && error <= tolerance;
  return {
    pass,
    message: () =>
      `expected ${actual.length} of ${expected.length} numbers ${pass ? 'not ' : ''}within ` +
      `${tolerance} (${name}), got ${error}`,
  };
}

expect.extend({
  /** |Δ| ≤ tolerance · max|expected|: the measure of forward passes. */
  toBeCloseToMax(actual: Numbers, expected: Numbers, tolerance: number) {
    return report('of max', actual, expected, relativeToMax(actual, expected), tolerance);
  },
  /** ‖Δ‖ ≤ tolerance · ‖expected‖: the measure of gradients. */
  toBeCloseInNorm(actual: Numbers, expected: Numbers, tolerance: number) {
    return report('of norm', actual, expected, relativeNorm(actual, expected), tolerance);
  },
  /** Runs the function and compares tfjs's tensor count before and after. */
  toLeakNothing(run: () => void) {
    run(); // what is made once and kept (caches) is made here
    const before = tf.memory().numTensors;
    run();
    const after = tf.memory().numTensors;
    return {
      pass: after === before,
      message: () => `expected ${before} tensors after the call, got ${after}`,
    };
  },
});

interface NumericMatchers<R = unknown> {
  toBeCloseToMax(expected: Numbers, tolerance: number): R;
  toBeCloseInNorm(expected: Numbers, tolerance: number): R;
  toLeakNothing(): R;
}

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface Matchers<T> extends NumericMatchers<T> {}
}
