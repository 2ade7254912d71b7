/** Bars, points, and a heatmap, in the terms of matplotlib. */

import { escapePlotly } from '../figure/escape';
import { extentOf } from '../figure/extent';
import { Figure } from '../figure/figure';
import { PALETTE } from '../figure/theme';
import { TEXT_RULE, checkGiven, type Rule } from '../options';
import {
  CHART_RULES,
  RANGE_RULE,
  chartLayout,
  fewDigits,
  headOf,
  type ChartOptions,
} from './chart-options';
import {
  isNumberList,
  namedEntries,
  numbersOf,
  rowsOf,
  type Named,
  type NumberList,
  type NumberRows,
} from './numbers-of';

/** Points that a figure draws; more are thinned evenly. */
const MOST_POINTS = 10_000;

export interface BarOptions extends ChartOptions {
  /** What each bar is. Default: the keys of a record, or the places of a list. */
  readonly labels?: readonly (string | number)[];
}

const BAR_RULES: Readonly<Record<keyof BarOptions, Rule>> = {
  ...CHART_RULES,
  labels: ['a list of texts', Array.isArray],
};

/**
 * A bar for each number: of a list, of a record or a map by name, or, as matplotlib has it, of labels and their heights.
 *
 * @throws RangeError if there is no number, not a label for each, or an option is unknown; TypeError if something is no number
 */
export function bar(values: NumberList | Named<number>, options?: BarOptions): Figure;
export function bar(
  labels: readonly (string | number)[],
  heights: NumberList,
  options?: BarOptions,
): Figure;
export function bar(
  values: NumberList | Named<number> | readonly (string | number)[],
  second: NumberList | BarOptions = {},
  third: BarOptions = {},
): Figure {
  if (isNumberList(second)) {
    checkGiven('bar', third, BAR_RULES);
    const labels = Array.isArray(values) ? values : numbersOf(values as NumberList, 'labels');
    return bar(second, { ...third, labels: labels as readonly (string | number)[] });
  }
  const options = second as BarOptions;
  checkGiven('bar', options, BAR_RULES);
  const entries = isNumberList(values)
    ? numbersOf(values, 'values').map((value, i) => [i, value] as const)
    : namedEntries(values as Named<number>, 'bar', 'numbers, in a list or by name');
  const heights = numbersOf(
    entries.map(([, height]) => height),
    'values',
  );
  const labels = (options.labels ?? entries.map(([label]) => label)).map(String);
  if (!heights.length || labels.length !== heights.length) {
    throw new RangeError(
      `bar: expected a label for each bar, at least one, got ${labels.length} and ${heights.length}.`,
    );
  }
  const places = labels.map((_, i) => i);
  const data = [{ type: 'bar', x: places, y: heights, marker: { color: PALETTE[0] } }];
  const x = { tickvals: places, ticktext: labels.map(escapePlotly) };
  const shown = labels.slice(0, 40).map((label, i) => `${label} ${fewDigits(heights[i]!)}`);
  const rest = labels.length > 40 ? `, and ${labels.length - 40} more` : '';
  const alt = options.alt ?? `${headOf(options)}${shown.join(', ')}${rest}.`;
  // Of very many bars, plotly chooses which have a label.
  return new Figure(data, chartLayout(options, { x: labels.length > 40 ? {} : x }), { alt });
}

export interface ScatterOptions extends ChartOptions {
  /** What each point is: told when it is pointed at, and beside it where they are at most 30. */
  readonly labels?: readonly string[];
}

/**
 * A point for each pair of numbers. Of more than 10,000 every n-th is drawn.
 *
 * @throws RangeError if the lists differ in length or are empty; TypeError if something is no number
 */
export function scatter(x: NumberList, y: NumberList, options: ScatterOptions = {}): Figure {
  checkGiven('scatter', options, { ...CHART_RULES, labels: ['a list of texts', Array.isArray] });
  const [xs, ys] = [numbersOf(x, 'x'), numbersOf(y, 'y')];
  const { labels } = options;
  if (!xs.length || xs.length !== ys.length || (labels && labels.length !== xs.length)) {
    throw new RangeError(
      `scatter: expected as many x as y${labels ? ' and labels' : ''}, at least one, got ${xs.length}, ${ys.length}${labels ? ` and ${labels.length}` : ''}.`,
    );
  }
  const step = Math.ceil(xs.length / MOST_POINTS);
  const drawn = <T>(list: readonly T[]) => list.filter((_, i) => i % step === 0);
  const texts = labels && drawn(labels).map(escapePlotly);
  const data = [
    {
      type: 'scatter',
      mode: texts && texts.length <= 30 ? 'markers+text' : 'markers',
      x: drawn(xs),
      y: drawn(ys),
      ...(texts && { text: texts, textposition: 'top center' }),
      marker: { color: PALETTE[0], size: xs.length > 1000 ? 4 : 8 },
    },
  ];
  const range = (list: readonly number[]) => {
    const { low, high } = extentOf(list);
    return `${fewDigits(low)} to ${fewDigits(high)}`;
  };
  const thinned = step > 1 ? `, every ${step}th drawn` : '';
  const alt =
    options.alt ??
    `${headOf(options)}${xs.length} points${thinned}, x from ${range(xs)}, y from ${range(ys)}.`;
  return new Figure(data, chartLayout(options), { alt });
}

export interface HeatmapOptions extends ChartOptions {
  /** What the columns are. Default: their places. */
  readonly columns?: readonly (string | number)[];
  /** What the rows are, from the top. Default: their places. */
  readonly rows?: readonly (string | number)[];
  /** Values at the ends of the colours. Default: the least and the largest. */
  readonly valueRange?: readonly [number, number];
  /** One of plotly's by name, for example 'Viridis'. Default 'Cividis'. */
  readonly colorscale?: string;
}

/**
 * A colour for each number of a matrix; the first row is at the top, as `imshow` draws it.
 *
 * @throws RangeError if rows differ in length, are empty, or not as many as their names; TypeError if something is no number
 */
export function heatmap(values: NumberRows, options: HeatmapOptions = {}): Figure {
  checkGiven('heatmap', options, {
    ...CHART_RULES,
    columns: ['a list of names', Array.isArray],
    rows: ['a list of names', Array.isArray],
    valueRange: RANGE_RULE,
    colorscale: TEXT_RULE,
  });
  const z = rowsOf(values, 'values');
  const across = z[0]!.length;
  for (const [name, given, count] of [
    ['rows', options.rows, z.length],
    ['columns', options.columns, across],
  ] as const) {
    if (!given || given.length === count) continue;
    throw new RangeError(`heatmap: expected ${count} names of ${name}, got ${given.length}.`);
  }
  const { colorscale = 'Cividis', valueRange } = options;
  const data = [
    {
      type: 'heatmap',
      z,
      colorscale,
      ...(valueRange && { zmin: valueRange[0], zmax: valueRange[1] }),
    },
  ];
  const ticks = (names: readonly (string | number)[] | undefined) =>
    names
      ? {
          tickvals: names.map((_, i) => i),
          ticktext: names.map((name) => escapePlotly(String(name))),
        }
      : {};
  const layout = chartLayout(options, {
    x: { ...ticks(options.columns), showgrid: false },
    y: { ...ticks(options.rows), autorange: 'reversed', showgrid: false },
  });
  const { low, high } = extentOf(z.flat());
  const alt =
    options.alt ??
    `${headOf(options)}${z.length} rows of ${across} values from ${fewDigits(low)} to ${fewDigits(high)}.`;
  return new Figure(data, layout, { alt });
}
