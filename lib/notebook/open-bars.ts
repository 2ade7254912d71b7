/** The bars that run, cell by cell. */
import { runningCell } from '../stop';

/** Where no kernel says which cell runs. */
const ANYWHERE = {};
const bars = new WeakMap<object, Set<object>>();

/** The bars that the cell whose code calls has open. */
export function openBars(): Set<object> {
  const cell = runningCell() ?? ANYWHERE;
  const known = bars.get(cell) ?? new Set<object>();
  bars.set(cell, known);
  return known;
}
