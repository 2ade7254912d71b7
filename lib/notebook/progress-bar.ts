/** A progress bar that its caller moves. Shown by display updates: no widgets, the last state is saved. */

import { openDisplay, type DisplayHandle, type TextOutput } from '../figure/display-handle';
import { definedKeys } from '../options';
import { openBars } from './open-bars';
import { progressHtml, progressText } from './progress-format';
import type { Postfix, ProgressSnapshot, ProgressState } from './progress-format';

export interface ProgressBarOptions {
  readonly description?: string | undefined;
  /** What an item is called in the rate. Default `it`. */
  readonly unit?: string | undefined;
  /** Whether a bar stays when it is finished; false suits the inner one of nested loops. Default true. */
  readonly leave?: boolean | undefined;
  /** Where counting starts, for a run that goes on. Default 0. */
  readonly initial?: number | undefined;
  /** Said behind a bar that was stopped, for example 'run the cell again to go on'. */
  readonly whenStopped?: string | undefined;
  /** Least seconds between two updates, at least 0.1. Default 0.1. */
  readonly minInterval?: number;
  /** Where the bar goes outside a notebook, for example `process.stderr`. Default: nowhere. */
  readonly output?: TextOutput;
  /** The present time in milliseconds, for tests. Default: `performance.now`. */
  readonly now?: () => number;
  /** The output that shows it. Default: a new one of the cell that runs. */
  readonly display?: DisplayHandle;
}

const SMOOTHING = 0.3; // weight of the newest stretch in the rate, as tqdm's
const MIN_INTERVAL = 0.1;

function requireCount(name: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new RangeError(`Expected ${name} to be a number of at least 0, got ${value}.`);
}

/** Values behind the rate, by name; one that is undefined is not shown. */
type Values = Readonly<Record<string, Postfix[string] | undefined>>;

/**
 * A bar that the caller moves: `bar.update(1, { loss })` for each item, `bar.close()` in a
 * `finally`. It is bound to the cell in which it was made, and redrawn ten times a second at most.
 */
export class ProgressBar {
  readonly total: number | undefined;
  #n: number;
  #description: string;
  #postfix: Postfix = {};
  #state: ProgressState = 'running';
  #whenStopped: string | undefined;
  #drawnAt: number;
  #drawnN: number;
  #meanItems = 0; // moving averages of the stretches between updates
  #meanSeconds = 0;
  readonly #startedAt: number;
  readonly #now: () => number;
  readonly #options: ProgressBarOptions;
  readonly #display: DisplayHandle | undefined;
  /** The open bars of the cell that it was made in. */
  readonly #siblings: Set<object>;

  /**
   * @param total undefined or Infinity where nobody knows
   * @throws RangeError if `total` or an option is no number of at least 0
   */
  constructor(total: number | undefined, options: ProgressBarOptions = {}) {
    const { initial = 0, minInterval = MIN_INTERVAL } = options;
    // An iterable without an end has no total, as in tqdm.
    this.total = total === Infinity ? undefined : total;
    if (this.total !== undefined) requireCount('total', this.total);
    requireCount('initial', initial);
    requireCount('minInterval', minInterval);
    this.#options = options;
    this.#whenStopped = options.whenStopped;
    this.#description = options.description ?? '';
    this.#n = this.#drawnN = initial;
    this.#now = options.now ?? (() => performance.now());
    this.#startedAt = this.#drawnAt = this.#now();
    this.#display = options.display ?? openDisplay();
    this.#siblings = openBars();
    this.#siblings.add(this);
    this.#draw();
  }

  /** Items done. */
  get n(): number {
    return this.#n;
  }

  get state(): ProgressState {
    return this.#state;
  }

  /** The bar's numbers now. */
  snapshot(): ProgressSnapshot {
    const { initial = 0, unit = 'it' } = this.#options;
    const elapsed = (this.#now() - this.#startedAt) / 1000;
    const overall = elapsed > 0 ? (this.#n - initial) / elapsed : undefined;
    const recent = this.#meanSeconds > 0 ? this.#meanItems / this.#meanSeconds : undefined;
    const rate = this.#state === 'running' ? (recent ?? overall) : overall;
    const left = this.total === undefined ? undefined : Math.max(0, this.total - this.#n);
    return {
      description: this.#description,
      n: this.#n,
      total: this.total,
      unit,
      elapsed,
      rate,
      remaining: left === 0 ? 0 : left !== undefined && rate && rate > 0 ? left / rate : undefined,
      postfix: this.#postfix,
      state: this.#state,
      whenStopped: this.#whenStopped,
    };
  }

  /**
   * Counts `n` more items, or less if `n` is negative: the bar goes back, as tqdm's does, and the rate is that of the
   * steps ahead alone. Nothing changes after `close()`.
   *
   * @param n any finite number, fractions too. Default 1.
   * @param postfix values to show from now on; those of before stay unless named again
   */
  update(n = 1, postfix?: Values): void {
    if (!Number.isFinite(n)) {
      throw new RangeError(`Expected n to be a finite number, got ${String(n)}.`);
    }
    if (this.#state !== 'running') return;
    if (n < 0) this.#drawnN += n; // no way back makes the rate smaller
    this.#n += n;
    if (postfix) this.#postfix = { ...this.#postfix, ...(definedKeys(postfix) as Postfix) };
    const { total } = this;
    // Drawn at once where it gets there; a total that was too small draws no more often than others.
    this.#drawIfDue(total !== undefined && this.#n >= total && this.#n - n < total);
  }

  /** Shows values behind the rate in place of those before. */
  setPostfix(postfix: Values): void {
    if (this.#state !== 'running') return;
    this.#postfix = definedKeys(postfix) as Postfix;
    this.#drawIfDue();
  }

  setDescription(description: string): void {
    if (this.#state !== 'running') return;
    this.#description = description;
    this.#drawIfDue();
  }

  /**
   * Ends the bar: it stays where it is, marked as stopped if items are missing.
   *
   * @param whenStopped said behind one that was stopped. Default: the option of that name.
   */
  close(whenStopped = this.#options.whenStopped): void {
    if (this.#state === 'running') this.#whenStopped = whenStopped;
    this.end(this.total === undefined || this.#n >= this.total ? 'finished' : 'stopped');
  }

  /** For loops, which know how they ended. */
  protected end(state: 'finished' | 'stopped'): void {
    if (this.#state !== 'running') return;
    this.#state = state;
    this.#siblings.delete(this);
    this.#draw();
  }

  #drawIfDue(now = false): void {
    const seconds = (this.#now() - this.#drawnAt) / 1000;
    const interval = Math.max(MIN_INTERVAL, this.#options.minInterval ?? 0);
    if (seconds < interval && !now) return;
    const items = this.#n - this.#drawnN;
    if (items > 0) {
      this.#meanItems += SMOOTHING * (items - this.#meanItems);
      this.#meanSeconds += SMOOTHING * (seconds - this.#meanSeconds);
    }
    this.#draw();
  }

  #draw(): void {
    const { output } = this.#options;
    this.#drawnAt = this.#now();
    this.#drawnN = this.#n;
    if (!this.#display && !output) return;
    const snapshot = this.snapshot();
    const text = progressText(snapshot);
    const gone = this.#state === 'finished' && this.#options.leave === false;
    if (gone) {
      this.#display?.update({ 'text/html': '', 'text/plain': '' });
      if (output?.isTTY) output.write('\r\x1b[2K');
    } else if (this.#display) {
      this.#display.update({ 'text/html': progressHtml(snapshot), 'text/plain': text });
    } else if (output?.isTTY) {
      output.write(`\r\x1b[2K${text}${this.#state === 'running' ? '' : '\n'}`);
    } else if (this.#state !== 'running') {
      output?.write(`${text}\n`); // a file gets the last state alone
    }
  }
}
