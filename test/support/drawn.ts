import type { HostTensor, StateDict } from '../../lib/nn/state-dict';
import { rand, randint, RandomStream } from '../../lib/random';
import { loadScript } from './script';

/** What a range of numbers is drawn from: [centre − radius, centre + radius); radius is a power of two. */
export interface Range {
  readonly radius: number;
  readonly centre?: number;
}

type Tensors = ReadonlyMap<string, HostTensor>;

interface Drawing {
  /** float32 numbers of a seed and a name. */
  readonly uniform: (
    seed: number,
    name: string,
    shape: readonly number[],
    range: Range,
  ) => { shape: number[]; data: Float32Array };
  /** The weights of a case, for its shapes by name. */
  readonly drawnWeights: (
    seed: number,
    folder: string,
    shapes: Readonly<Record<string, readonly number[]>>,
  ) => StateDict;
}

const { drawing, ...digests } = loadScript<{
  drawing: (random: { rand: typeof rand; RandomStream: typeof RandomStream }) => Drawing;
  digest: (tensors: Tensors) => string;
  checkDigest: (tensors: Tensors, sha256: string, what: string) => void;
}>('goldens/drawn.cjs');

/** As scripts/goldens/drawn.cjs says, by the library that is tested. */
export const { uniform, drawnWeights } = drawing({ rand, RandomStream });
export const { digest, checkDigest } = digests;

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
