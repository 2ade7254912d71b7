/** How often values lie where: numpy's histogram, drawn as matplotlib does. */

import { escapePlotly } from '../figure/escape';
import { extentOf } from '../figure/extent';
import { Figure } from '../figure/figure';
import type { PlotlyObject } from '../figure/plotly';
import { PALETTE } from '../figure/theme';
import { FLAG_RULE, checkGiven, isCount, type Rule } from '../options';
import {
  CHART_RULES,
  RANGE_RULE,
  chartLayout,
  fewDigits,
  headOf,
  type ChartOptions,
} from './chart-options';
import { isNumberList, namedEntries, numbersOf, type Named, type NumberList } from './numbers-of';
import { short } from './series';

const MOST_BINS = 10_000;

export interface HistogramOptions extends ChartOptions {
  /** How many, all of one width, or their edges. Default 10. */
  readonly bins?: number | readonly number[];
  /** Least and largest value that counts. Default: of all values. */
  readonly range?: readonly [number, number];
  /** Whether heights are densities, whose area is 1. Default false: counts. */
  readonly density?: boolean;
}

const HISTOGRAM_RULES: Readonly<Record<keyof HistogramOptions, Rule>> = {
  ...CHART_RULES,
  bins: [
    `how many, from 1 to ${MOST_BINS}, or rising edges, at least two`,
    (bins) =>
      (isCount(bins) && bins <= MOST_BINS) ||
      (Array.isArray(bins) &&
        bins.length >= 2 &&
        bins.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge > bins[i - 1]))),
  ],
  range: RANGE_RULE,
  density: FLAG_RULE,
};

function edgesOf(values: readonly number[], { bins = 10, range }: HistogramOptions): number[] {
  if (typeof bins !== 'number') return [...bins];
  let [low, high] = range ?? [extentOf(values).low, extentOf(values).high];
  if (!(low <= high)) throw new RangeError('histogram: expected a number, got none.');
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
function namedLists(values: NumberList | Named<NumberList>, what: string) {
  const entries = isNumberList(values)
    ? [['', values] as const]
    : namedEntries(values, what, 'a list of numbers, or lists by name');
  if (!entries.length) throw new RangeError(`${what}: expected at least one list, got none.`);
  return entries.map(([name, list]) => ({ name, list: numbersOf(list, name || 'values') }));
}

/**
 * How often values lie between edges, as numpy counts; several lists by name share their edges.
 *
 * @throws RangeError if there is no finite value, or bins or edges are none; TypeError if something is no number
 */
export function histogram(
  values: NumberList | Named<NumberList>,
  options: HistogramOptions = {},
): Figure {
  checkGiven('histogram', options, HISTOGRAM_RULES);
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
      marker: { color: PALETTE[index % PALETTE.length] },
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
