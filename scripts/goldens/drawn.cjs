'use strict';
// Inputs and weights of the reference cases, drawn from a seed, so that no file need hold them. drawn.py beside it draws the same,
// to the bit: all numbers are uniform, scaled by powers of two, and no logarithm or sine, which libraries round differently, is on
// the way.

const { createHash } = require('node:crypto');

const sizeOf = (shape) => shape.reduce((product, size) => product * size, 1);

/** Matrices and filters keep the variance; scales of norms are 1 ± ¼, biases ± ¼: no path is silent. */
function weightRange(name, shape) {
  if (shape.length === 1) return { radius: 0.25, centre: name.endsWith('weight') ? 1 : 0 };
  const fanIn = sizeOf(shape.slice(1));
  let radius = 2;
  while (radius * radius * fanIn > 4) radius /= 2;
  return { radius };
}

/** @param random `rand` and `RandomStream` of lib/random, compiled or not */
function drawing({ rand, RandomStream }) {
  /** float32 numbers of a seed and a name in [centre − radius, centre + radius); radius is a power of two. */
  function uniform(seed, name, shape, { radius, centre = 0 }) {
    const unit = rand([sizeOf(shape)], new RandomStream(seed, name).at(0));
    const bits = unit.dataSync();
    unit.dispose();
    // Each step is exact in float64; storing the result rounds once.
    const data = Float32Array.from(bits, (x) => centre + radius * (2 * x - 1));
    return { shape: [...shape], data };
  }

  /** The weights of a case, for its shapes by name. */
  function drawnWeights(seed, folder, shapes) {
    const entries = Object.entries(shapes).map(([name, shape]) => {
      return [name, uniform(seed, `${folder}/${name}`, shape, weightRange(name, shape))];
    });
    return new Map(entries);
  }

  return { uniform, drawnWeights };
}

/** SHA-256 over the names, in order, each with its float32 (little-endian) after it. */
function digest(tensors) {
  const sha = createHash('sha256');
  for (const name of [...tensors.keys()].sort()) sha.update(name).update(tensors.get(name).data);
  return sha.digest('hex');
}

/**
 * Lets only those numbers pass that the reference was computed with.
 *
 * @throws Error if the SHA-256 is another
 */
function checkDigest(tensors, sha256, what) {
  const found = digest(tensors);
  if (found === sha256) return;
  throw new Error(
    `${what}: the numbers drawn here are not those that the reference was computed with (SHA-256 ${found}, ` +
      `expected ${sha256}). Does rand of lib/random still give the same numbers, and does ` +
      'scripts/goldens/drawn.cjs draw as scripts/goldens/drawn.py? If the change is wanted, run ' +
      'scripts/export_goldens.py.',
  );
}

module.exports = { checkDigest, digest, drawing };
