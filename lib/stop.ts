/**
 * Stopping a loop from outside. The notebook's kernel keeps the controllers of all running loops under
 * a global symbol and aborts them when Stop is pressed; outside a notebook there is none.
 */
const KERNEL_STOP = Symbol.for('kernel.stop');

/** The controllers of all running loops, which the kernel's Stop button aborts; undefined outside a notebook. */
export function runningLoops(): Set<AbortController> | undefined {
  return (globalThis as { [KERNEL_STOP]?: Set<AbortController> })[KERNEL_STOP];
}

/** Whether the loop should end after the present step. */
export type Stopped = () => boolean;

/**
 * Runs a loop that can be stopped by the kernel's Stop button or by the caller's signal. The loop
 * asks `stopped()` after each step and returns as if it were done; what waits takes the signal, which is both.
 */
export async function stoppable<T>(
  signal: AbortSignal | undefined,
  loop: (stopped: Stopped, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const loops = runningLoops();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  loops?.add(controller);
  try {
    // Stop breaks off what a cell does before its first macrotask, in the midst of a step.
    await nextMacrotask();
    if (signal?.aborted) abort();
    return await loop(() => controller.signal.aborted, controller.signal);
  } finally {
    loops?.delete(controller);
    signal?.removeEventListener('abort', abort);
  }
}

/** What is to be done before a loop's next step: drawings of what the steps have shown. */
const awaited = new Set<Promise<unknown>>();

/** Milliseconds that a loop waits for such work at most; what takes longer goes on between the steps. */
const LONGEST_WAIT = 5000;

/**
 * Has the loops wait with their next step until this work is done. It then has the thread for itself: it ends sooner, and the
 * time that it takes is its own. Otherwise each of its turns would stand behind a step, which may take seconds.
 */
export function finishBeforeNextStep(work: Promise<unknown>): void {
  const settled: Promise<unknown> = work
    .catch(() => undefined) // its owner tells what went wrong
    .finally(() => awaited.delete(settled));
  awaited.add(settled);
}

/** Lets messages and signals be seen between two steps, and drawings be finished: a promise alone would not. */
export async function nextMacrotask(): Promise<void> {
  await macrotask();
  if (awaited.size === 0) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise((resolve) => (timer = setTimeout(resolve, LONGEST_WAIT)));
  await Promise.race([Promise.all(awaited), limit]);
  clearTimeout(timer);
}

function macrotask(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
      return;
    }
    // In a page: a timer would wait for four milliseconds after the first few.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
