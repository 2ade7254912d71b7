/** A figure redrawn in place while a run goes on. */

import { openDisplay, type DisplayHandle } from '../figure/display-handle';
import type { Figure } from '../figure/figure';
import { finishBeforeNextStep } from '../stop';
import { shown } from '../options';

export interface LiveFigureOptions {
  /** Least milliseconds between the beginnings of two drawings. Default 2000. */
  readonly interval?: number;
  /** The present time in milliseconds, for tests. Default: `performance.now`. */
  readonly now?: () => number;
}

/** Drawing takes at most one part in 20 of the run's time, … */
const COST_SHARE = 20;

/** … but the figure moves at least as often as this, in milliseconds, as long as `update` is called as often. */
const LONGEST = 5000;

/**
 * One output of the cell in which it was made. `update()` costs nothing between two drawings and
 * never throws; `close()` draws the last state, and throws what went wrong in a drawing.
 *
 * The library's loops (`trainer.fit`, `generate`, `progress`) wait with their next step until a drawing is done, so the time
 * that it takes is its own.
 */
export class LiveFigure {
  readonly #make: () => Figure;
  readonly #interval: number;
  readonly #now: () => number;
  readonly #display: DisplayHandle | undefined;
  #drawing: Promise<void> | undefined;
  #drawnAt = -Infinity;
  #calledAt = -Infinity;
  #cost = 0; // milliseconds of the last drawing
  #failure: { readonly error: unknown } | undefined;
  #closed: Promise<void> | undefined;

  constructor(make: () => Figure, options: LiveFigureOptions = {}) {
    if (typeof make !== 'function') {
      throw new TypeError(
        `liveFigure: expected a function that makes a figure, got ${shown(make)}.`,
      );
    }
    const { interval = 2000 } = options;
    if (!(interval >= 0 && interval < Infinity)) {
      throw new RangeError(`Expected interval of at least 0 milliseconds, got ${interval}.`);
    }
    this.#make = make;
    this.#interval = interval;
    this.#now = options.now ?? (() => performance.now());
    this.#display = openDisplay();
  }

  /** Draws the state of now, unless the last drawing is too recent or still going on. */
  update(): void {
    const isDue = this.#isDue(this.#now());
    if (!this.#display || this.#closed || this.#drawing || this.#failure || !isDue) return;
    this.#drawing = this.#draw(this.#display, false)
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#drawing = undefined;
      });
    finishBeforeNextStep(this.#drawing);
  }

  /** Whether to draw now: when the last drawing's cost is worth it, or the next call would come too late. */
  #isDue(now: number): boolean {
    const between = this.#calledAt === -Infinity ? 0 : now - this.#calledAt;
    this.#calledAt = now;
    const since = now - this.#drawnAt;
    if (since < this.#interval) return false;
    return since >= COST_SHARE * this.#cost || since + between > LONGEST;
  }

  /** Waits for a drawing that goes on, then draws the last state, with the live plot in it. */
  close(): Promise<void> {
    return (this.#closed ??= this.#finish());
  }

  async #finish(): Promise<void> {
    await this.#drawing;
    if (this.#failure) throw this.#failure.error;
    if (this.#display) await this.#draw(this.#display, true);
  }

  /**
   * Until the end only the picture is sent: JupyterLab's plotly renderer ignores updates once the
   * reader has pointed at the plot.
   */
  async #draw(display: DisplayHandle, interactive: boolean): Promise<void> {
    this.#drawnAt = this.#now();
    const figure = this.#make();
    const bundle = await figure.mimeBundle({ interactive });
    display.update(bundle, figure.mimeMetadata);
    this.#cost = this.#now() - this.#drawnAt;
  }
}

/**
 * Shows a figure that changes while a run goes on.
 *
 * @param make makes the figure of now; called at most once in `interval`
 */
export function liveFigure(make: () => Figure, options?: LiveFigureOptions): LiveFigure {
  return new LiveFigure(make, options);
}
