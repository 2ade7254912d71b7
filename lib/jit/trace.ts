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

/** The option `precision` of the function that is traced; undefined while none is. */
export function tracingPrecision(): Precision | undefined {
  return current?.precision;
}
