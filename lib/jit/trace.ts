/** What a function can ask while it is traced into a graph. */

import { setTracing } from '../backend';

/** `bfloat16`: matrix products and convolutions are computed in bfloat16, all else in float32. */
export type Precision = 'float32' | 'bfloat16';

/** The trace that is going on, as its compiler shows it. */
export interface Trace {
  readonly precision: Precision;
  /**
   * Whether halves of a batch are best computed side by side. The graph's session then has threads for that, so ask
   * whether or not there is something to cut.
   */
  sideBySide(): boolean;
  /** What `run` gives, traced in another precision. */
  inPrecision<T>(precision: Precision, run: () => T): T;
}

let current: Trace | undefined;

/** For a compiler: from when to when it traces. */
export function setTrace(trace: Trace | undefined): void {
  current = trace;
  setTracing(trace !== undefined);
}

export function currentTrace(): Trace | undefined {
  return current;
}

/** What `run` gives. In a function that is traced, its products and convolutions are computed in that precision; else nothing changes. */
export function inPrecision<T>(precision: Precision, run: () => T): T {
  return current ? current.inPrecision(precision, run) : run();
}

/** The option `precision` of the function that is traced; undefined while none is. */
export function tracingPrecision(): Precision | undefined {
  return current?.precision;
}
