/** A training at a glance: loss, learning rate, speed, memory and samples, in one live figure. */

import type { Samples } from '../charts/sample-rows';
import {
  trainingPlot,
  type MemoryAtStep,
  type MemoryUse,
  type TrainingPoint,
} from '../charts/training-plot';
import type { Figure } from '../figure/figure';
import { toPixels, type ImageBatch, type ImageReadOptions } from '../figure/images';
import { LiveFigure, type LiveFigureOptions } from './live';
import { shown } from '../options';

export type { MemoryUse, TrainingPoint };

export interface TrainingViewOptions extends LiveFigureOptions, ImageReadOptions {
  /** Weight of the past in the smoothed loss, 0 (none) … below 1. Default 0.95. */
  readonly smoothing?: number;
  /** Called at each drawing, for example `sd.memoryUse`. Default: memory is not shown. */
  readonly memory?: () => MemoryUse;
  readonly title?: string;
}

/**
 * One output of the cell in which it was made. `update()` after each step costs nothing between two
 * drawings; `addSamples` adds a row of images; `close()` draws the last state.
 */
export class TrainingView {
  readonly #history: () => readonly TrainingPoint[];
  readonly #options: TrainingViewOptions;
  readonly #samples: Samples[] = [];
  readonly #memory: MemoryAtStep[] = [];
  readonly #live: LiveFigure;

  constructor(history: () => readonly TrainingPoint[], options: TrainingViewOptions = {}) {
    if (typeof history !== 'function') {
      throw new TypeError(
        `TrainingView: expected a function that gives the history, () => trainer.history, got ${shown(history)}.`,
      );
    }
    this.#history = history;
    this.#options = options;
    this.#live = new LiveFigure(() => this.figure(), options);
  }

  /** Draws the state of now, if the last drawing is not too recent: at least every five seconds. */
  update(): void {
    this.#live.update();
  }

  /** Adds a row of images, [N, H, W, C], that a fixed seed has drawn at this step. */
  addSamples(step: number, images: ImageBatch): void {
    const { pixels, count, height, width, channels } = toPixels(images, this.#options);
    this.#samples.push({ step, images: { data: pixels, shape: [count, height, width, channels] } });
  }

  /** Draws the last state, with the live plot in it; throws what went wrong in a drawing. */
  close(): Promise<void> {
    return this.#live.close();
  }

  /** The figure of now. */
  figure(): Figure {
    const history = this.#history();
    const memory = this.#options.memory?.();
    if (memory) this.#memory.push({ ...memory, step: history.at(-1)?.step ?? 0 });
    const { smoothing, title } = this.#options;
    const [memories, samples] = [this.#memory, this.#samples];
    return trainingPlot(history, { smoothing, title, memory: memories, samples });
  }
}

/**
 * Shows a training while it goes on.
 *
 * @param history gives the steps so far, for example `() => trainer.history.steps`
 */
export function trainingView(
  history: () => readonly TrainingPoint[],
  options?: TrainingViewOptions,
): TrainingView {
  return new TrainingView(history, options);
}
