import { appendFileSync } from 'node:fs';

/** Where figures go in `npm run soak`, where the same tests run for longer. */
const figuresFile = process.env['SDM_SOAK'];

/** How often to try something: a few times in `npm test`, many times in `npm run soak`. */
export const times = (fast: number, soak: number): number =>
  figuresFile === undefined ? fast : soak;

/** Notes a figure for docs/reliability.md; only in `npm run soak`. */
export function figure(promise: string, found: string): void {
  if (figuresFile === undefined) return;
  appendFileSync(figuresFile, `${JSON.stringify({ promise, found })}\n`);
}

/** Numbers that only depend on the seed, from 0 to below 1 (Lehmer's generator). */
export function seededRandom(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
