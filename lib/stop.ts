/**
 * Stopping a loop from outside. The notebook's kernel keeps the controllers of all running loops under
 * a global symbol and aborts them when Stop is pressed; outside a notebook there is none.
 */
const KERNEL_STOP = Symbol.for('kernel.stop');

/** The kernel's function that says in which cell the caller runs. */
const KERNEL_CELL = Symbol.for('kernel.cell');

/** A cell as the kernel knows it: the one whose code calls, in whatever callback of it. */
export interface RunningCell {
  /** Aborted by the first Stop, and stays so: what the cell begins afterwards is refused. */
  readonly signal: AbortSignal;
  /** Whether its outcome is told: it has ended, or a second Stop has broken it off. */
  readonly ended: boolean;
}

/**
 * What was going on was ended by the notebook's Stop, as by Python's KeyboardInterrupt: loops around it end too, and so does
 * the cell.
 */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor(message = 'The loop was stopped.', options?: ErrorOptions) {
    super(message, options);
  }
}

/** Whether something was thrown because Stop was pressed; for those who catch everything else. */
export function isInterrupted(thrown: unknown): thrown is Interrupted {
  return thrown instanceof Error && thrown.name === 'Interrupted';
}

/** The controllers of all running loops, which the kernel's Stop button aborts; undefined outside a notebook. */
export function runningLoops(): Set<AbortController> | undefined {
  return (globalThis as { [KERNEL_STOP]?: Set<AbortController> })[KERNEL_STOP];
}

/** The cell whose code calls; undefined outside a notebook. */
export function runningCell(): RunningCell | undefined {
  return (globalThis as { [KERNEL_CELL]?: () => RunningCell | undefined })[KERNEL_CELL]?.();
}

/** Whether the loop should end after the present step. */
export type Stopped = () => boolean;

/**
 * Runs a loop that can be stopped by the kernel's Stop button or by the caller's signal. The loop asks `stopped()` after
 * each step and ends, or throws what `interruption` gives; what waits takes the signal, which is both.
 *
 * @throws Interrupted at once if the cell that calls was stopped already: one that catches what a stopped call throws and
 *   goes on to the next does not get far. In a cell that is over nothing is answered any more.
 */
export async function stoppable<T>(
  signal: AbortSignal | undefined,
  loop: (stopped: Stopped, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const cell = runningCell();
  const controller = new AbortController();
  const loops = runningLoops();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  if (!cell?.signal.aborted) loops?.add(controller);
  try {
    // Stop breaks off what a cell does before its first macrotask, in the midst of a step.
    await nextMacrotask();
    await refuseIfStopped(cell);
    if (signal?.aborted) abort();
    return await loop(() => controller.signal.aborted, controller.signal);
  } finally {
    loops?.delete(controller);
    signal?.removeEventListener('abort', abort);
  }
}

/** @throws Interrupted if Stop was pressed in the cell */
export async function refuseIfStopped(cell: RunningCell | undefined): Promise<void> {
  if (!cell?.signal.aborted) return;
  // Whoever would catch the answer, in a loop without an end, would keep the machine busy unseen.
  if (cell.ended) await new Promise<never>(() => {});
  throw new Interrupted('The cell was stopped: nothing new is begun in it.');
}

/**
 * What a stopped loop throws: the reason of the caller's signal, if that was aborted, as `fetch` does; else `Interrupted`.
 *
 * @param message what was stopped, and where
 */
export function interruption(signal: AbortSignal | undefined, message: string): unknown {
  return signal?.aborted ? signal.reason : new Interrupted(message);
}

/**
 * The items, one after the other, until Stop is pressed or the caller's signal is aborted; between two of them messages are let
 * in.
 *
 * @throws Interrupted, or the signal's reason
 */
export async function* stoppableItems<T>(
  items: Iterable<T> | AsyncIterable<T>,
  signal?: AbortSignal,
): AsyncGenerator<T> {
  const cell = runningCell();
  const loops = runningLoops();
  const controller = new AbortController();
  await refuseIfStopped(cell);
  if (!signal) loops?.add(controller);
  try {
    for await (const item of items) {
      yield item;
      await nextMacrotask();
      if (signal?.aborted) throw signal.reason;
      if (controller.signal.aborted) throw new Interrupted();
      await refuseIfStopped(cell); // Stop, while what the caller does with the item was asked to end
    }
  } finally {
    loops?.delete(controller);
  }
}

/** What is to be done before a loop's next step: drawings of what the steps have shown. */
const awaited = new Set<Promise<unknown>>();

/** Milliseconds that a loop waits for such work at most; what takes longer goes on between the steps. */
const LONGEST_WAIT = 5000;

/**
 * Has the loops wait with their next step until this work is done: it ends sooner, and the time that it takes is its own. A
 * figure is drawn in another thread, but comes back to this one for its PNG and to be sent; else each of these turns would stand
 * behind a step, which may take seconds.
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

/** A channel as a page has it, which Node's types do not show. */
interface PageChannel {
  readonly port1: { onmessage: (() => void) | null; close(): void };
  readonly port2: { postMessage(message: null): void };
}

function macrotask(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
      return;
    }
    // In a page: a timer would wait for four milliseconds after the first few.
    const { port1, port2 } = new MessageChannel() as unknown as PageChannel;
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
