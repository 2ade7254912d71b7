/** Loops with a progress bar, in the terms of tqdm. */

import {
  ANY_RULE,
  FLAG_RULE,
  FUNCTION_RULE,
  TEXT_RULE,
  checkGiven,
  shown,
  type Rule,
} from '../options';
import { stoppableItems } from '../stop';
import { ProgressBar, type ProgressBarOptions } from './progress-bar';

export interface ProgressOptions extends ProgressBarOptions {
  /** Number of items. Default: the iterable's `length` or `size`, if it has one. */
  readonly total?: number;
  /** When aborted, it ends a `for await` loop with its reason. Default: the notebook's Stop button ends the loop. */
  readonly signal?: AbortSignal;
}

const PROGRESS_RULES: Readonly<Record<keyof ProgressOptions, Rule>> = {
  total: ANY_RULE,
  signal: ['an AbortSignal', (value) => value instanceof AbortSignal],
  description: TEXT_RULE,
  unit: TEXT_RULE,
  leave: FLAG_RULE,
  initial: ANY_RULE,
  whenStopped: TEXT_RULE,
  minInterval: ANY_RULE,
  output: ANY_RULE,
  now: FUNCTION_RULE,
  display: ANY_RULE,
};

/** A bar that moves as its items are taken. */
class ProgressLoop<T> extends ProgressBar {
  readonly #items: Iterable<T> | AsyncIterable<T>;
  readonly #signal: AbortSignal | undefined;

  constructor(items: Iterable<T> | AsyncIterable<T>, options: ProgressOptions) {
    const { length, size } = items as { length?: unknown; size?: unknown };
    const known = [options.total, length, size].find((value) => typeof value === 'number');
    super(known as number | undefined, options);
    this.#items = items;
    this.#signal = options.signal;
  }

  *[Symbol.iterator](): Generator<T> {
    let complete = false;
    try {
      for (const item of this.#items as Iterable<T>) {
        yield item;
        this.update();
      }
      complete = true;
    } finally {
      this.end(complete ? 'finished' : 'stopped');
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    let complete = false;
    try {
      for await (const item of stoppableItems(this.#items, this.#signal)) {
        yield item;
        this.update();
      }
      complete = true;
    } finally {
      this.end(complete ? 'finished' : 'stopped');
    }
  }
}

/** The whole numbers from 0 below a total. */
function* range(total: number): Generator<number> {
  for (let i = 0; i < total; i++) yield i;
}

/** A bar for `total` items: moved by `update`, or by a loop over it, which gives 0, 1, … as tqdm's `trange`. */
export function progress(
  total: number,
  options?: ProgressOptions,
): ProgressBar & Iterable<number> & AsyncIterable<number>;
/** Takes the items of an iterable; use `for await` so that the Stop button ends the loop. */
export function progress<T>(
  items: Iterable<T>,
  options?: ProgressOptions,
): ProgressBar & Iterable<T> & AsyncIterable<T>;
export function progress<T>(
  items: AsyncIterable<T>,
  options?: ProgressOptions,
): ProgressBar & AsyncIterable<T>;
export function progress<T>(
  source: number | Iterable<T> | AsyncIterable<T>,
  options: ProgressOptions = {},
): ProgressBar {
  checkGiven('progress', options, PROGRESS_RULES);
  const isCount =
    typeof source === 'number' && (!Number.isFinite(source) || Number.isInteger(source));
  const isIterable = Symbol.iterator in Object(source) || Symbol.asyncIterator in Object(source);
  if (!isCount && (typeof source === 'number' || !isIterable)) {
    throw new RangeError(
      `progress: expected a whole number or something to loop over, got ${shown(source)}.`,
    );
  }
  return typeof source === 'number'
    ? new ProgressLoop(range(source), { ...options, total: source })
    : new ProgressLoop(source, options);
}
