/** A seed that nobody chose. */

/** An integer from 0 to 2³² − 1, from the machine's entropy: for what may differ each time, and says its seed. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
