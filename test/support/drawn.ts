import { createHash } from 'node:crypto';
import type { HostTensor, StateDict } from '../../lib/nn/state-dict';
import { rand, randint, RandomStream } from '../../lib/random';

/**
 * Inputs and weights of the reference cases, drawn from a seed, so that no file need hold them.
 * scripts/goldens/drawn.py draws the same, to the bit: all numbers are uniform, scaled by powers of two,
 * and no logarithm or sine, which libraries round differently, is on the way.
 */

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** What a range of numbers is drawn from: [centre − radius, centre + radius); radius is a power of two. */
export interface Range {
  readonly radius: number;
  readonly centre?: number;
}

/** float32 numbers of a seed and a name. */
export function uniform(
  seed: number,
  name: string,
  shape: readonly number[],
  { radius, centre = 0 }: Range,
): { shape: number[]; data: Float32Array } {
  const unit = rand([sizeOf(shape)], new RandomStream(seed, name).at(0));
  const bits = unit.dataSync<'float32'>();
  unit.dispose();
  // Each step is exact in float64; storing the result rounds once.
  const data = Float32Array.from(bits, (x) => centre + radius * (2 * x - 1));
  return { shape: [...shape], data };
}

/** Matrices and filters keep the variance; scales of norms are 1 ± ¼, biases ± ¼: no path is silent. */
function weightRange(name: string, shape: readonly number[]): Range {
  if (shape.length === 1) return { radius: 0.25, centre: name.endsWith('weight') ? 1 : 0 };
  const fanIn = sizeOf(shape.slice(1));
  let radius = 2;
  while (radius * radius * fanIn > 4) radius /= 2;
  return { radius };
}

/** The weights of a case, for its shapes by name. */
export function drawnWeights(
  seed: number,
  folder: string,
  shapes: Readonly<Record<string, readonly number[]>>,
): StateDict {
  const entries = Object.entries(shapes).map(([name, shape]) => {
    return [name, uniform(seed, `${folder}/${name}`, shape, weightRange(name, shape))] as const;
  });
  return new Map(entries);
}

/** SHA-256 over the names, in order, each with its float32 (little-endian) after it. */
export function digest(tensors: ReadonlyMap<string, HostTensor>): string {
  const sha = createHash('sha256');
  for (const name of [...tensors.keys()].sort()) sha.update(name).update(tensors.get(name)!.data);
  return sha.digest('hex');
}

/**
 * Lets only those numbers pass that the reference was computed with.
 *
 * @throws Error if the SHA-256 is another
 */
export function checkDigest(
  tensors: ReadonlyMap<string, HostTensor>,
  sha256: string,
  what: string,
): void {
  const found = digest(tensors);
  if (found === sha256) return;
  throw new Error(
    `${what}: the numbers drawn here are not those that the reference was computed with (SHA-256 ${found}, ` +
      `expected ${sha256}). Does rand of lib/random still give the same numbers, and does ` +
      'test/support/drawn.ts draw as scripts/goldens/drawn.py? If the change is wanted, run ' +
      'scripts/export_goldens.py.',
  );
}

const SIGNS = 32;

/** Dot products with 32 vectors of random signs: bit k of the i-th word is the i-th sign of vector k. */
export function projections(seed: number, name: string, data: Float32Array): Float64Array {
  const key = new RandomStream(seed, name).at(0);
  const drawn = randint([data.length], -(2 ** 31), 2 ** 31 - 1, key);
  const words = drawn.dataSync<'int32'>();
  drawn.dispose();
  const sums = new Float64Array(SIGNS);
  for (let i = 0; i < data.length; i++) {
    const [word, value] = [words[i]!, data[i]!];
    for (let k = 0; k < SIGNS; k++) sums[k]! += (((word >>> k) & 1) * 2 - 1) * value;
  }
  return sums;
}

/** What is kept of a large array: its norm and its projections. */
export interface Projected {
  readonly norm: number;
  readonly projections: ArrayLike<number>;
}

/**
 * An estimate of ‖actual − expected‖ / ‖expected‖: the root mean square of the projections' differences.
 * Where an error is spread over many numbers, its square is the true one's times χ² of 32 degrees of freedom
 * over 32: an estimate of 3e-5 at most for a true 1e-4 has a probability of 4e-12. test/fixtures/README.md
 * tells of other errors.
 */
export function projectedError(actual: ArrayLike<number>, expected: Projected): number {
  const squares = Array.from(actual, (x, k) => (x - (expected.projections[k] ?? NaN)) ** 2);
  return Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / SIGNS) / expected.norm;
}
