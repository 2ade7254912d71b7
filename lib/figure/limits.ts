/** A drawing ends: by itself, by its limit, or by the notebook's Stop. */

import { Interrupted, runningLoops } from '../stop';

/** A figure could not be drawn. */
export class DrawingError extends Error {
  override readonly name = 'DrawingError';
}

/** What was drawn, and whether Stop was pressed meanwhile. */
export interface Drawn<T> {
  readonly result: T;
  readonly stopped: boolean;
}

/** Milliseconds that a drawing may take. */
export const DRAWING_LIMIT = 60_000;

/** Milliseconds that a drawing has to end by itself once Stop is pressed: most take less. */
const STOP_GRACE = 1000;

/** What a drawing throws that Stop has ended. */
export const interrupted = () => new Interrupted('The drawing of a figure was stopped.');

/**
 * Runs a drawing until it is done or must end.
 *
 * @param draw gets a signal; once it is aborted, what draws must end at once
 * @param limit milliseconds
 * @throws DrawingError after the limit, Interrupted a second after Stop
 */
export async function limited<T>(
  draw: (signal: AbortSignal) => Promise<T>,
  limit = DRAWING_LIMIT,
): Promise<Drawn<T>> {
  const end = new AbortController();
  const stop = new AbortController();
  const loops = runningLoops();
  const timers: NodeJS.Timeout[] = [];
  const endAfter = (time: number, reason: () => Error) => {
    timers.push(setTimeout(() => end.abort(reason()), time));
  };
  endAfter(limit, () => new DrawingError(`it was not drawn within ${limit / 1000} s`));
  stop.signal.addEventListener('abort', () => endAfter(STOP_GRACE, interrupted));
  loops?.add(stop);
  try {
    const ended = new Promise<never>((_, reject) => {
      end.signal.addEventListener('abort', () => reject(end.signal.reason as Error));
    });
    const result = await Promise.race([draw(end.signal), ended]);
    return { result, stopped: stop.signal.aborted };
  } finally {
    timers.forEach(clearTimeout);
    loops?.delete(stop);
  }
}
