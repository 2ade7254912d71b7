/** Draws figures in a thread of their own: what runs beside them goes on, and a drawing without an end can be ended. */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DrawingAnswer, DrawingOrder } from './drawing-thread';
import { DrawingError, limited, type Drawn } from './limits';

/** Node's threads take no TypeScript: this is the compiled file, seen from lib/ as from dist/. */
const THREAD = join(__dirname, '../../dist/figure/drawing-thread.js');

let thread: Worker | undefined;
let orders = 0;

/** Gives the order to the thread, which is started by the first one, and waits for the answer. */
function order(message: DrawingOrder, signal: AbortSignal): Promise<string> {
  const worker = (thread ??= new Worker(THREAD, { stdout: true, stderr: true }));
  const id = ++orders;
  return new Promise<string>((resolve, reject) => {
    const end = () => {
      thread = undefined;
      void worker.terminate();
    };
    const failed = (error: Error) => {
      end();
      settle();
      reject(new DrawingError(`the drawing ended: ${error.message}`));
    };
    const answered = (answer: DrawingAnswer) => {
      if (answer.id !== id) return; // of a drawing that has failed already
      settle();
      if ('svg' in answer) resolve(answer.svg);
      else reject(new DrawingError(answer.problem));
    };
    const settle = () => {
      worker.off('error', failed).off('message', answered);
      signal.removeEventListener('abort', end);
      worker.unref(); // a process may end while the thread waits
    };
    worker.on('error', failed).on('message', answered);
    signal.addEventListener('abort', end, { once: true });
    worker.ref();
    worker.postMessage({ id, ...message });
  });
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Draws a figure as SVG text, after those asked for before.
 *
 * @param limit milliseconds that it may take, without its waiting
 * @throws DrawingError if plotly refuses the figure or the limit is over; Interrupted if Stop ended it
 */
export function drawSvg(message: DrawingOrder, limit?: number): Promise<Drawn<string>> {
  const drawn = last.then(() => limited((signal) => order(message, signal), limit));
  last = drawn.catch(() => undefined);
  return drawn;
}
