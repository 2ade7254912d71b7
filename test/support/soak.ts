import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { root } from './script';

/** Whether this is `npm run soak`, where the same tests run for longer. */
const isSoak = process.env['SDM_SOAK'] === '1';

/** How often to try something: a few times in `npm test`, many times in `npm run soak`. */
export const times = (fast: number, soak: number): number => (isSoak ? soak : fast);

/** Notes a figure for docs/reliability.md; only in `npm run soak`. */
export function figure(promise: string, found: string): void {
  if (!isSoak) return;
  const folder = path.join(root, 'runs', 'soak');
  mkdirSync(folder, { recursive: true });
  appendFileSync(path.join(folder, 'figures.jsonl'), `${JSON.stringify({ promise, found })}\n`);
}

/** Numbers that only depend on the seed, from 0 to below 1 (Lehmer's generator). */
export function seededRandom(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
