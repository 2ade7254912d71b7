/** Long work that never waits by itself, in pieces: between two of them a bar moves, and Stop is heard. */

import { loopBar, type LoopBarOptions } from './progress';
import { interruption, nextMacrotask, stoppable } from './stop';

/** Each piece yields how many items it has done. */
export type Pieces<T> = Generator<number, T, void>;

/** All pieces at once: nothing else happens meanwhile. */
export function atOnce<T>(pieces: Pieces<T>): T {
  for (;;) {
    const next = pieces.next();
    if (next.done) return next.value;
  }
}

/**
 * One piece after the other, with a bar.
 *
 * @param total items of all pieces
 * @throws Interrupted if Stop was pressed, between two pieces
 */
export function inPieces<T>(
  pieces: Pieces<T>,
  total: number,
  options: LoopBarOptions,
  wanted = true,
): Promise<T> {
  return stoppable(undefined, async (stopped) => {
    const bar = loopBar(total, options, wanted);
    try {
      for (;;) {
        const next = pieces.next();
        if (next.done) return next.value;
        bar.update(next.value);
        await nextMacrotask();
        if (stopped()) throw interruption(undefined, `${options.description}: stopped.`);
      }
    } finally {
      pieces.return(undefined as T); // frees what a piece holds
      bar.close();
    }
  });
}
