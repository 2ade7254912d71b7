'use strict';
// How far each kind of number may be off.

/**
 * Plain float32 as the tests of the CPU have it. With TF32 (NVIDIA's default for products) an input has 10 bits: half of a unit in
 * the last place is 2⁻¹¹, 5e-4, and a UNet's output is the sum of some hundred of them. bfloat16 has 8 bits.
 */
const BOUNDS = {
  output: { float32: 2e-5, tf32: 1e-2 },
  gradient: { float32: 1e-4, tf32: 5e-2 },
  losses: { float32: 1e-4, tf32: 5e-3 },
  'bfloat16 losses': { float32: 5e-3, tf32: 5e-3 },
  pictures: { float32: 1e-3, tf32: 5e-2 },
  // Sums on a GPU may be taken in another order from run to run.
  resume: { float32: 1e-4, tf32: 1e-2 },
  exact: { float32: 0, tf32: 0 },
  stop: { float32: 1, tf32: 1 },
  megabytes: { float32: 32, tf32: 32 },
};

/** @param {string} kind @param {'float32' | 'tf32'} mode */
function boundOf(kind, mode) {
  const bound = BOUNDS[kind]?.[mode];
  if (bound === undefined) throw new Error(`No bound of ${kind} with ${mode}.`);
  return bound;
}

module.exports = { boundOf };
