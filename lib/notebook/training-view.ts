/** A training at a glance: loss, learning rate, speed, memory and samples, in one live figure. */

import { escapePlotly } from '../figure/escape';
import { Figure, type PlotlyObject } from '../figure/figure';
import { toPixels, type ImageBatch, type ImageReadOptions } from '../figure/images';
import { LiveFigure, type LiveFigureOptions } from './live';
import { paperOf } from '../figure/paper';
import type { LossPoint } from '../charts/plots';
import { LABEL_WIDTH, sampleRows, spread, type Samples } from '../charts/sample-rows';
import { drawnIndices, logTicks, short, smoothed } from '../charts/series';
import { axisLayout, baseLayout, MUTED, PALETTE, titleLayout } from '../figure/theme';

/** A step of the trainer's history, with the time that it took. */
export interface TrainingPoint extends LossPoint {
  /** Wall time of the step. */
  readonly seconds?: number;
}

/** What the process holds: resident bytes, and tensors of the backend. */
export interface MemoryUse {
  readonly bytes: number;
  readonly tensors: number;
}

export interface TrainingViewOptions extends LiveFigureOptions, ImageReadOptions {
  /** Weight of the past in the smoothed loss. Default 0.95. */
  readonly smoothing?: number;
  /** Asked at each drawing, for example `sd.memoryUse`. */
  readonly memory?: () => MemoryUse;
  readonly title?: string;
}

const WIDTH = 760;
const TOP = 76;
const LOSS_HEIGHT = 230;
const SMALL_HEIGHT = 110;
const GAP = 62; // between the rows of plots: axis titles
const LEFT = 64;
const RIGHT = 84;
const ROW_GAP = 4;
const MAX_ROWS = 8;

/**
 * One output of the cell in which it was made. `update()` after each step costs nothing between two
 * drawings; `addSamples` adds a row of images; `close()` draws the last state.
 */
export class TrainingView {
  readonly #history: () => readonly TrainingPoint[];
  readonly #options: TrainingViewOptions;
  readonly #samples: Samples[] = [];
  readonly #memory: (MemoryUse & { readonly step: number })[] = [];
  readonly #live: LiveFigure;

  constructor(history: () => readonly TrainingPoint[], options: TrainingViewOptions = {}) {
    this.#history = history;
    this.#options = options;
    this.#live = new LiveFigure(() => this.figure(), { interval: 5000, ...options });
  }

  /** Draws the state of now, if the last drawing is not too recent. */
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
    return draw(history, this.#memory, spread(this.#samples, MAX_ROWS), this.#options);
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

function draw(
  history: readonly TrainingPoint[],
  memory: readonly (MemoryUse & { readonly step: number })[],
  samples: readonly Samples[],
  { smoothing = 0.95, title = 'Training' }: TrainingViewOptions,
): Figure {
  const rows = sampleRows(samples, WIDTH);
  const smallTop = TOP + LOSS_HEIGHT + GAP;
  const samplesTop = smallTop + SMALL_HEIGHT + GAP;
  const height = samplesTop + rows.reduce((sum, row) => sum + row.height + ROW_GAP, 0) + 12;
  const domain = (from: number, to: number) => [1 - to / height, 1 - from / height];
  const plotWidth = WIDTH - LEFT - RIGHT;

  const images: PlotlyObject[] = [];
  const annotations: PlotlyObject[] = [];
  const paper = paperOf(plotWidth, height);

  const losses = history.map(({ loss }) => loss);
  const means = smoothed(losses, smoothing);
  const drawn = drawnIndices(losses);
  const series = (values: readonly number[], more: PlotlyObject): PlotlyObject => ({
    type: 'scatter',
    mode: history.length === 1 ? 'markers' : 'lines',
    x: drawn.map((index) => history[index]?.step),
    y: drawn.map((index) => short(values[index] ?? NaN)),
    ...more,
  });
  const small = (axis: number, x: readonly number[], y: readonly number[], name: string) => ({
    type: 'scatter',
    mode: x.length === 1 ? 'markers' : 'lines',
    name,
    showlegend: false,
    x,
    y: y.map(short),
    xaxis: `x${axis}`,
    yaxis: `y${axis}`,
    line: { color: PALETTE[2], width: 1.5 },
  });
  const speeds = smoothed(
    history.map(({ seconds = NaN }) => 1 / seconds),
    0.8,
  );
  const topRate = Math.max(0, ...history.map(({ learningRate = 0 }) => learningRate));
  const memorySteps = memory.map(({ step }) => step);
  const gigabytes = memory.map(({ bytes }) => bytes / 1e9);
  const tensors = memory.map((use) => use.tensors);
  const data: PlotlyObject[] = [
    series(losses, { name: 'loss', line: { color: PALETTE[0], width: 1 }, opacity: 0.35 }),
    series(means, {
      name: `loss, smoothed (${smoothing})`,
      line: { color: PALETTE[0], width: 2.5 },
    }),
    series(
      history.map(({ learningRate = NaN }) => learningRate),
      { name: 'learning rate', yaxis: 'y2', line: { color: PALETTE[1], width: 1.5, dash: 'dot' } },
    ),
    {
      ...small(3, [], [], 'steps a second'),
      x: drawn.map((index) => history[index]?.step),
      y: drawn.map((index) => short(speeds[index] ?? NaN)),
    },
    small(4, memorySteps, gigabytes, 'memory (GB)'),
    small(5, memorySteps, tensors, 'tensors'),
  ];

  const finite = losses.filter((loss) => Number.isFinite(loss));
  const logarithmic = finite.length > 0 && finite.every((loss) => loss > 0);
  const smallAxes = ['steps a second', 'memory (GB)', 'tensors'].flatMap((name, i) => {
    const from = (i * (plotWidth + 60)) / 3 / plotWidth;
    const to = from + (plotWidth - 130) / 3 / plotWidth;
    const number = i + 3;
    return [
      [
        `xaxis${number}`,
        axisLayout('step', { domain: [from, Math.min(1, to)], anchor: `y${number}`, nticks: 4 }),
      ],
      [
        `yaxis${number}`,
        axisLayout(name, {
          domain: domain(smallTop, smallTop + SMALL_HEIGHT),
          anchor: `x${number}`,
          rangemode: 'tozero',
          nticks: 4,
          exponentformat: 'none',
        }),
      ],
    ] as const;
  });
  const layout: PlotlyObject = {
    ...baseLayout(WIDTH, height),
    margin: { l: LEFT, r: RIGHT, t: 0, b: 0 },
    title: { ...titleLayout(escapePlotly(title)), y: 1 - 24 / height },
    legend: {
      orientation: 'h',
      x: 0,
      y: 1 - (TOP - 6) / height,
      yanchor: 'bottom',
      font: { color: MUTED },
    },
    xaxis: axisLayout('step', { anchor: 'y' }),
    yaxis: axisLayout('loss', {
      domain: domain(TOP, TOP + LOSS_HEIGHT),
      ...(logarithmic ? logTicks(losses) : {}),
    }),
    yaxis2: axisLayout('learning rate', {
      overlaying: 'y',
      side: 'right',
      showgrid: false,
      range: [0, 1.1 * topRate || 1],
      tickvals: [0, topRate / 2, topRate],
      ticktext: [0, topRate / 2, topRate].map((rate) => String(short(rate))),
    }),
    ...Object.fromEntries(smallAxes),
    images,
    annotations,
  };
  let top = samplesTop;
  for (const { step, png, width, height: rowHeight } of rows) {
    const left = LABEL_WIDTH - LEFT;
    images.push(paper.image(png, { left, top, width, height: rowHeight }));
    annotations.push(paper.text(`step ${step}`, left - 8, top + rowHeight / 2, 'right'));
    top += rowHeight + ROW_GAP;
  }
  const last = means.at(-1);
  const described = [
    `${title}: ${history.length} steps`,
    ...(last === undefined ? [] : [`loss ${short(last)}, smoothed`]),
    ...(samples.length ? [`samples at steps ${samples.map(({ step }) => step).join(', ')}`] : []),
  ];
  return new Figure(data, layout, { alt: `${described.join('; ')}.` });
}
