/** Histogram, bars, points, and a heatmap, in the terms of matplotlib. */

import { escapePlotly } from '../figure/escape';
import { extentOf } from '../figure/extent';
import { Figure } from '../figure/figure';
import type { PlotlyObject } from '../figure/plotly';
import { PALETTE } from '../figure/theme';
import { chartLayout, fewDigits, headOf, type ChartOptions } from './chart-options';
import { isNumberList, numbersOf, rowsOf, type NumberList, type NumberRows } from './numbers-of';
import { short } from './series';

const colour = (index: number) => PALETTE[index % PALETTE.length];

/** Points that a figure draws; more are thinned evenly. */
const MOST_POINTS = 10_000;

export interface HistogramOptions extends ChartOptions {
  /** How many, all of one width, or their edges. Default 10. */
  readonly bins?: number | readonly number[];
  /** Least and largest value that counts. Default: of all values. */
  readonly range?: readonly [number, number];
  /** Whether heights are densities, whose area is 1. Default false: counts. */
  readonly density?: boolean;
}

function edgesOf(values: readonly number[], { bins = 10, range }: HistogramOptions): number[] {
  if (typeof bins !== 'number') {
    if (bins.length >= 2 && bins.every((edge, i) => i === 0 || edge > bins[i - 1]!))
      return [...bins];
    throw new RangeError(
      `histogram: expected rising edges, at least two, got [${bins.join(', ')}].`,
    );
  }
  if (!Number.isInteger(bins) || bins < 1 || bins > MOST_POINTS) {
    throw new RangeError(`histogram: expected bins from 1 to ${MOST_POINTS}, got ${bins}.`);
  }
  let [low, high] = range ?? [extentOf(values).low, extentOf(values).high];
  if (!(low <= high))
    throw new RangeError(
      `histogram: expected a number, got ${range ? `range [${low}, ${high}]` : 'none'}.`,
    );
  if (low === high) [low, high] = [low - 0.5, high + 0.5]; // as numpy
  return Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins);
}

/** Counts between edges; the last bin has its upper edge, as numpy's. */
function countsOf(values: readonly number[], edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length - 1).fill(0);
  const last = edges.at(-1)!;
  for (const value of values) {
    if (!(value >= edges[0]! && value <= last)) continue;
    let [low, high] = [0, counts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (value >= edges[middle]!) low = middle;
      else high = middle;
    }
    counts[low]!++;
  }
  return counts;
}

/** Lists by name, or one without. */
function namedLists(values: NumberList | Readonly<Record<string, NumberList>>, what: string) {
  const entries = isNumberList(values) ? [['', values] as const] : Object.entries(values ?? {});
  if (!entries.length) throw new RangeError(`${what}: expected at least one list, got none.`);
  return entries.map(([name, list]) => ({ name, list: numbersOf(list, name || 'values') }));
}

/**
 * How often values lie between edges, as numpy counts; several lists by name share their edges.
 *
 * @throws RangeError if there is no finite value, or bins or edges are none; TypeError if something is no number
 */
export function histogram(
  values: NumberList | Readonly<Record<string, NumberList>>,
  options: HistogramOptions = {},
): Figure {
  const lists = namedLists(values, 'histogram');
  const edges = edgesOf(
    lists.flatMap(({ list }) => list),
    options,
  );
  const widths = edges.slice(1).map((edge, i) => edge - edges[i]!);
  const counts = lists.map(({ list }) => countsOf(list, edges));
  const data = lists.map(({ name }, index): PlotlyObject => {
    const total = counts[index]!.reduce((sum, count) => sum + count, 0) || 1;
    return {
      type: 'bar',
      name: escapePlotly(name),
      x: widths.map((width, i) => edges[i]! + width / 2),
      y: counts[index]!.map((count, i) => (options.density ? count / total / widths[i]! : count)),
      width: widths,
      marker: { color: colour(index) },
      opacity: lists.length > 1 ? 0.6 : 1,
      hovertext: widths.map((width, i) => `${short(edges[i]!)} to ${short(edges[i]! + width)}`),
    };
  });
  const labelled = { yLabel: options.density ? 'density' : 'count', ...options };
  const more = { barmode: 'overlay', bargap: 0, showlegend: lists.length > 1 };
  const words = lists.map(({ name, list }, index) => {
    const most = counts[index]!.indexOf(extentOf(counts[index]!).high);
    const left = list.length - counts[index]!.reduce((sum, count) => sum + count, 0);
    const where = `${fewDigits(edges[most]!)} to ${fewDigits(edges[most + 1]!)}`;
    return `${name ? `${name}: ` : ''}${list.length} values in ${widths.length} bins, most (${counts[index]![most]}) from ${where}${left ? `, ${left} not counted` : ''}`;
  });
  const alt = options.alt ?? `${headOf(labelled)}${words.join('; ')}.`;
  return new Figure(data, chartLayout(labelled, { y: { rangemode: 'tozero' }, ...more }), { alt });
}

export interface BarOptions extends ChartOptions {
  /** What each bar is. Default: the keys of a record, or the places of a list. */
  readonly labels?: readonly (string | number)[];
}

/**
 * A bar for each number, of a list or of a record by name.
 *
 * @throws RangeError if there is no number or not a label for each; TypeError if something is no number
 */
export function bar(
  values: NumberList | Readonly<Record<string, number>>,
  options: BarOptions = {},
): Figure {
  const list = isNumberList(values);
  const heights = numbersOf(list ? values : Object.values(values ?? {}), 'values');
  const labels = (options.labels ?? (list ? heights.map((_, i) => i) : Object.keys(values))).map(
    String,
  );
  if (!heights.length || labels.length !== heights.length) {
    throw new RangeError(
      `bar: expected a label for each bar, at least one, got ${labels.length} and ${heights.length}.`,
    );
  }
  const places = labels.map((_, i) => i);
  const data = [{ type: 'bar', x: places, y: heights, marker: { color: colour(0) } }];
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
      marker: { color: colour(0), size: xs.length > 1000 ? 4 : 8 },
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
