/** A training at a glance: loss, learning rate, speed, memory and samples, in one figure. */

import { extentOf } from '../figure/extent';
import { Figure } from '../figure/figure';
import { paperOf } from '../figure/paper';
import type { PlotlyObject } from '../figure/plotly';
import { axisLayout, PALETTE } from '../figure/theme';
import { lossPanel } from './loss-panel';
import type { LossPoint } from './plots';
import { LABEL_WIDTH, sampleRows, spread, type Samples } from './sample-rows';
import { drawnIndices, requireSmoothing, short, smoothed } from './series';

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

export interface MemoryAtStep extends MemoryUse {
  readonly step: number;
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

/** What a training shows beside its history. */
export interface TrainingPlotOptions {
  /** Weight of the past in the smoothed loss, 0 (none) … below 1. Default 0.95. */
  readonly smoothing?: number;
  readonly title?: string;
  /** What the process held at some steps. */
  readonly memory?: readonly MemoryAtStep[];
  /** Images drawn at some steps; of more than eight, eight are shown, the first and the last among them. */
  readonly samples?: readonly Samples[];
}

/**
 * A training at a glance: loss and learning rate over the steps; below them steps a second, memory and tensors; then a row of
 * images for each step at which some were drawn.
 *
 * @param history may be empty, before the first step
 * @throws RangeError if `smoothing` is outside [0, 1)
 */
export function trainingPlot(
  history: readonly TrainingPoint[],
  options: TrainingPlotOptions = {},
): Figure {
  const { smoothing = 0.95, title = 'Training', memory = [] } = options;
  requireSmoothing(smoothing);
  const samples = spread(options.samples ?? [], MAX_ROWS);
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
  const rates = history.map(({ learningRate = NaN }) => learningRate);
  const topRate = Math.max(0, extentOf(rates).high || 0);
  const memorySteps = memory.map(({ step }) => step);
  const gigabytes = memory.map(({ bytes }) => bytes / 1e9);
  const tensors = memory.map((use) => use.tensors);
  const data: PlotlyObject[] = [
    series(losses, { name: 'loss', line: { color: PALETTE[0], width: 1 }, opacity: 0.35 }),
    series(means, {
      name: `loss, smoothed (${smoothing})`,
      line: { color: PALETTE[0], width: 2.5 },
    }),
    series(rates, {
      name: 'learning rate',
      yaxis: 'y2',
      line: { color: PALETTE[1], width: 1.5, dash: 'dot' },
    }),
    {
      ...small(3, [], [], 'steps a second'),
      x: drawn.map((index) => history[index]?.step),
      y: drawn.map((index) => short(speeds[index] ?? NaN)),
    },
    small(4, memorySteps, gigabytes, 'memory (GB)'),
    small(5, memorySteps, tensors, 'tensors'),
  ];

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
  const frame = { width: WIDTH, height, left: LEFT, right: RIGHT, top: TOP };
  const layout: PlotlyObject = {
    ...lossPanel({ ...frame, lossHeight: LOSS_HEIGHT, title, losses }),
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
