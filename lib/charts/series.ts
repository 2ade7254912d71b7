/** What all curves over steps share: smoothing, thinning, rounding, ticks. */

import { extentOf } from '../figure/extent';
import type { PlotlyObject } from '../figure/plotly';

const MAX_POINTS = 1500; // about two a pixel: more only makes the notebook larger

/** @throws RangeError if the weight of the past is outside [0, 1) */
export function requireSmoothing(smoothing: number): void {
  if (smoothing >= 0 && smoothing < 1) return;
  throw new RangeError(`Expected smoothing from 0 to below 1, got ${smoothing}.`);
}

/**
 * Exponential moving average with Adam's correction of its start, so that the first values are
 * not drawn towards zero (as TensorBoard smooths). A NaN stays a gap and leaves the mean as it is.
 */
export function smoothed(values: readonly number[], smoothing: number): number[] {
  let mean = 0;
  let weight = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return NaN;
    mean = smoothing * mean + (1 - smoothing) * value;
    weight = smoothing * weight + (1 - smoothing);
    return mean / weight;
  });
}

/** Positions to draw: the lowest and the highest finite value of each run of neighbours, and both ends. */
export function drawnIndices(values: readonly number[]): number[] {
  if (values.length <= MAX_POINTS) return values.map((_, index) => index);
  const run = Math.ceil(values.length / (MAX_POINTS / 2));
  const kept = new Set([0, values.length - 1]);
  for (let start = 0; start < values.length; start += run) {
    let [low, high] = [start, start]; // a run without a finite value keeps its first: the gap
    for (let i = start; i < Math.min(start + run, values.length); i++) {
      if (!Number.isFinite(values[i])) continue;
      if (!(values[i]! >= values[low]!)) low = i;
      if (!(values[i]! <= values[high]!)) high = i;
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b);
}

/** Five digits are more than a screen shows, and a third of the bytes. */
export function short(value: number): number {
  const isWhole = Number.isInteger(value) && Math.abs(value) < 1e9; // a count, a step
  return isWhole || !Number.isFinite(value) ? value : Number(value.toPrecision(5));
}

/** Ticks 1, 2, 5 · 10^k within and just around the values, written out in full. */
export function logTicks(values: readonly number[]): PlotlyObject {
  const extent = extentOf(values);
  const low = Math.floor(Math.log10(extent.low));
  const high = Math.ceil(Math.log10(extent.high));
  const tickvals: number[] = [];
  for (let power = low; power <= high; power++) {
    const steps = high - low > 3 ? [1] : [1, 2, 5];
    for (const digit of steps) tickvals.push(Number(`${digit}e${power}`));
  }
  return { type: 'log', tickvals, ticktext: tickvals.map(String) };
}
