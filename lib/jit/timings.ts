/** What a profile of a graph says: a time for each of its nodes (see `JitControl.profile`). */

import type { tf } from '../backend';

/** Names the layer of a variable, for example by the keys of a state dict. */
export type LayerName = (variable: tf.Variable) => string | undefined;

/** One node's run. */
export interface OpTiming {
  readonly op: string;
  /** The layer it belongs to, as far as that is known. */
  readonly layer: string;
  /** Shapes of its inputs: `64x28x28x32 3x3x32x32`. */
  readonly shapes: string;
  /** Shapes of its outputs. */
  readonly outputs: string;
  /** What it reads and writes, once each. */
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Sums of the timings by op or by layer, longest first. */
export function sumTimings(
  timings: readonly OpTiming[],
  by: 'op' | 'layer',
): { readonly name: string; readonly count: number; readonly milliseconds: number }[] {
  const sums = new Map<string, { name: string; count: number; milliseconds: number }>();
  for (const { milliseconds, [by]: name } of timings) {
    const sum = sums.get(name) ?? { name, count: 0, milliseconds: 0 };
    sum.count++;
    sum.milliseconds += milliseconds;
    sums.set(name, sum);
  }
  return [...sums.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** The timings as Chrome's trace JSON, which https://ui.perfetto.dev opens: a track by op, one by layer. */
export function perfettoTrace(timings: readonly OpTiming[]): string {
  const events: object[] = [];
  let ts = 0;
  const layer = { name: timings[0]?.layer ?? '', start: 0 };
  const slice = (name: string, tid: number, start: number, end: number, args?: object): void => {
    events.push({ name, ph: 'X', pid: 1, tid, ts: start, dur: end - start, args });
  };
  const closeLayer = (): void => {
    if (layer.name !== '' && ts > layer.start) slice(layer.name, 2, layer.start, ts);
  };
  for (const timing of timings) {
    if (timing.layer !== layer.name) {
      closeLayer();
      Object.assign(layer, { name: timing.layer, start: ts });
    }
    const end = ts + timing.milliseconds * 1000;
    slice(timing.op, 1, ts, end, { shapes: timing.shapes, layer: timing.layer });
    ts = end;
  }
  closeLayer();
  return JSON.stringify({ traceEvents: events, displayTimeUnit: 'ms' });
}
