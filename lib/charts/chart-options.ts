/** What the plain charts share: titles, size, words. */

import { escapePlotly } from '../figure/escape';
import type { PlotlyObject } from '../figure/plotly';
import { TEXT_RULE, isPositive, type Rule } from '../options';
import { axisLayout, baseLayout, MARGIN, MUTED, titleLayout } from '../figure/theme';

export interface ChartOptions {
  /** Default: none. */
  readonly title?: string;
  /** What is along the x axis. Default: none. */
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** The former name of `xLabel`. */
  readonly xTitle?: string;
  /** The former name of `yLabel`. */
  readonly yTitle?: string;
  /** CSS pixels. Default 700. */
  readonly width?: number;
  /** CSS pixels. Default 380. */
  readonly height?: number;
  /** The chart in words, for screen readers. Default: made of its data. */
  readonly alt?: string;
}

const PIXELS_RULE: Rule = ['a number of pixels above 0', isPositive];

/** Of the options that all charts take. */
export const CHART_RULES: Readonly<Record<keyof ChartOptions, Rule>> = {
  title: TEXT_RULE,
  xLabel: TEXT_RULE,
  yLabel: TEXT_RULE,
  xTitle: TEXT_RULE,
  yTitle: TEXT_RULE,
  width: PIXELS_RULE,
  height: PIXELS_RULE,
  alt: TEXT_RULE,
};

/** A least and a largest value. */
export const RANGE_RULE: Rule = [
  'two numbers, the lower first',
  (value) =>
    Array.isArray(value) &&
    value.length === 2 &&
    value.every(Number.isFinite) &&
    (value as number[])[0]! <= (value as number[])[1]!,
];

export const xLabelOf = ({ xLabel, xTitle }: ChartOptions) => xLabel ?? xTitle;
export const yLabelOf = ({ yLabel, yTitle }: ChartOptions) => yLabel ?? yTitle;

/** Title, axes and size; `x`, `y` and `more` go over it. */
export function chartLayout(
  options: ChartOptions,
  { x = {}, y = {}, ...more }: { x?: PlotlyObject; y?: PlotlyObject; [key: string]: unknown } = {},
): PlotlyObject {
  const { title, width = 700, height = 380 } = options;
  return {
    ...baseLayout(width, height),
    ...(title ? { title: titleLayout(escapePlotly(title)) } : {}),
    xaxis: axisLayout(escapePlotly(xLabelOf(options) ?? ''), x),
    yaxis: axisLayout(escapePlotly(yLabelOf(options) ?? ''), y),
    margin: title ? MARGIN : { ...MARGIN, t: 24 },
    legend: { font: { color: MUTED } },
    ...more,
  };
}

/** "Title: y over x; " before what is told of the data; without what is not given. */
export function headOf(options: ChartOptions): string {
  const [x, y] = [xLabelOf(options), yLabelOf(options)];
  const axes = x && y ? `${y} over ${x}` : (y ?? (x ? `over ${x}` : ''));
  const head = [options.title, axes].filter(Boolean).join(': ');
  return head ? `${head}; ` : '';
}

/** Four digits are what a sentence needs. */
export const fewDigits = (value: number): string => String(Number(value.toPrecision(4)));
