/** The upper part of a figure of trainings: title, legend, and the loss over the steps. */
import { escapePlotly } from '../figure/escape';
import type { PlotlyObject } from '../figure/plotly';
import { axisLayout, baseLayout, MUTED, titleLayout } from '../figure/theme';
import { logTicks } from './series';

export interface LossPanel {
  /** Of the whole figure, pixels. */
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  /** Where the panel begins and how high it is. */
  readonly top: number;
  readonly lossHeight: number;
  readonly title: string;
  /** What is drawn; if all of it is positive, on a logarithmic axis. */
  readonly losses: readonly number[];
}

/** The layout of a figure with such a panel, whose other axes lie below. */
export function lossPanel(panel: LossPanel): PlotlyObject {
  const { width, height, left, right, top, lossHeight, title } = panel;
  const losses = panel.losses.filter(Number.isFinite);
  const logarithmic = losses.length > 0 && losses.every((loss) => loss > 0);
  return {
    ...baseLayout(width, height),
    margin: { l: left, r: right, t: 0, b: 0 },
    title: { ...titleLayout(escapePlotly(title)), y: 1 - 24 / height },
    legend: {
      orientation: 'h',
      x: 0,
      y: 1 - (top - 6) / height,
      yanchor: 'bottom',
      font: { color: MUTED },
    },
    xaxis: axisLayout('step', { anchor: 'y' }),
    yaxis: axisLayout('loss', {
      domain: [1 - (top + lossHeight) / height, 1 - top / height],
      ...(logarithmic ? logTicks(losses) : {}),
    }),
  };
}
