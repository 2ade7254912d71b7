/**
 * Philox 4×32 with 10 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), and how
 * TensorFlow's stateless ops get their numbers from it: written anew as a reference for lib/random/index.ts.
 */

const MULTIPLIERS = [0xd2511f53n, 0xcd9e8d57n] as const;
const WEYL = [0x9e3779b9n, 0xbb67ae85n] as const;
const LOW = 0xffffffffn;

type Four = readonly [bigint, bigint, bigint, bigint];
type Two = readonly [bigint, bigint];

/** Four uint32 of a counter and a key. */
export function philox(counter: Four, key: Two): Four {
  let [a, b, c, d] = counter;
  let [k, l] = key;
  for (let round = 0; round < 10; round++) {
    const p = MULTIPLIERS[0] * a;
    const q = MULTIPLIERS[1] * c;
    [a, b, c, d] = [(q >> 32n) ^ b ^ k, q & LOW, (p >> 32n) ^ d ^ l, p & LOW];
    [k, l] = [(k + WEYL[0]) & LOW, (l + WEYL[1]) & LOW];
  }
  return [a, b, c, d];
}

/** The uint32 that a stateless op of TensorFlow draws from for a seed of two int32. */
export function statelessBits(seed: readonly [number, number], count: number): number[] {
  const words = seed.flatMap((s) => {
    const wide = BigInt.asUintN(64, BigInt(s));
    return [wide & LOW, wide >> 32n];
  }) as unknown as Four;
  const [key0, key1, high0, high1] = philox(words, [0x3ec8f720n, 0x02461e29n]);
  const bits: number[] = [];
  for (let i = 0n; bits.length < count; i++) {
    bits.push(...philox([i, 0n, high0, high1], [key0, key1]).map(Number));
  }
  return bits.slice(0, count);
}

/** 23 bits as a number in [0, 1). */
export const toUniform = (bits: number) => (bits & 0x7fffff) / 2 ** 23;

/** Two standard normal numbers by the Box–Muller transform. */
export function toNormals(first: number, second: number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log(Math.max(toUniform(first), 1e-7)));
  const angle = 2 * Math.PI * toUniform(second);
  return [Math.sin(angle) * radius, Math.cos(angle) * radius];
}
