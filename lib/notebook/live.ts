/** A figure redrawn in place while a run goes on. */

import { openDisplay, type DisplayHandle } from '../figure/display-handle';
import type { Figure } from '../figure/figure';

export interface LiveFigureOptions {
  /** Least milliseconds between two drawings. Default 2000. */
  readonly interval?: number;
  /** The present time in milliseconds, for tests. Default: `performance.now`. */
  readonly now?: () => number;
}

/** Drawing takes at most one part in 20 of the run's time. */
const COST_SHARE = 20;

/**
 * One output of the cell in which it was made. `update()` costs nothing between two drawings and
 * never throws; `close()` draws the last state, and throws what went wrong in a drawing.
 */
export class LiveFigure {
  readonly #make: () => Figure;
  readonly #interval: number;
  readonly #now: () => number;
  readonly #display: DisplayHandle | undefined;
  #drawing: Promise<void> | undefined;
  #nextAt = -Infinity;
  #failure: { readonly error: unknown } | undefined;
  #closed: Promise<void> | undefined;

  constructor(make: () => Figure, options: LiveFigureOptions = {}) {
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
    if (!this.#display || this.#closed || this.#drawing || this.#failure) return;
    if (this.#now() < this.#nextAt) return;
    this.#drawing = this.#draw(this.#display, false)
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#drawing = undefined;
      });
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
    const start = this.#now();
    const figure = this.#make();
    const bundle = await figure.mimeBundle({ interactive });
    display.update(bundle, figure.mimeMetadata);
    const end = this.#now();
    this.#nextAt = start + Math.max(this.#interval, COST_SHARE * (end - start));
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
