/** Lines over a common axis, such as accuracy over the guidance scale. */

import { escapePlotly } from '../figure/escape';
import { Figure } from '../figure/figure';
import type { PlotlyObject } from '../figure/plotly';
import { PALETTE } from '../figure/theme';
import { FLAG_RULE, checkGiven, requireRecord } from '../options';
import {
  CHART_RULES,
  RANGE_RULE,
  chartLayout,
  fewDigits,
  headOf,
  type ChartOptions,
} from './chart-options';
import { isNumberList, namedEntries, numbersOf, type Named, type NumberList } from './numbers-of';
import { drawnIndices } from './series';

/** One line. */
export interface LineSeries {
  /** Default: 0, 1, 2, … */
  readonly x?: NumberList;
  /** As many as `x`; NaN is a gap. */
  readonly y: NumberList;
  /** Lower ends of an interval at each point, drawn as a bar; only together with `high`. */
  readonly low?: NumberList;
  readonly high?: NumberList;
}

/** Lines by name, each with its x or over 0, 1, 2, …; or one without a name. */
export type Lines = NumberList | LineSeries | Named<NumberList | LineSeries>;

export interface LinePlotOptions extends ChartOptions {
  /** Lowest and highest value of the y axis. Default: what the lines need. */
  readonly yRange?: readonly [number, number];
  /** Whether points stand at equal distances, whatever their x, each with its x below. Default false. */
  readonly evenly?: boolean;
  /** Whether points are marked. Default: where a line has at most 30. */
  readonly markers?: boolean;
}

/** A line with all its lists, of equal length. */
function resolved(name: string, given: NumberList | LineSeries) {
  if (!isNumberList(given))
    requireRecord('linePlot', given, `${name || 'a line'} as numbers or as { x, y }`);
  const series: LineSeries = isNumberList(given) ? { y: given } : given;
  const what = (list: string) => (name ? `${name}.${list}` : list);
  const y = numbersOf(series.y, what('y'));
  const x = series.x === undefined ? y.map((_, i) => i) : numbersOf(series.x, what('x'));
  const low = series.low && numbersOf(series.low, what('low'));
  const high = series.high && numbersOf(series.high, what('high'));
  for (const list of [y, low ?? y, high ?? y]) {
    if (list.length === x.length && x.length > 0) continue;
    throw new RangeError(
      `Expected as many values as points, at least one, got ${list.length} and ${x.length}: ${name || 'the line'}.`,
    );
  }
  return { name, x, y, low, high };
}

const isSeries = (lines: Lines): lines is LineSeries =>
  !isNumberList(lines) &&
  typeof lines === 'object' &&
  lines !== null &&
  isNumberList((lines as LineSeries).y) &&
  Object.keys(lines).every((key) => ['x', 'y', 'low', 'high'].includes(key));

/**
 * Lines, in one figure: `linePlot([3, 1, 2])`, `linePlot({ loss })`, `linePlot({ ours: { x, y, low, high } })`.
 *
 * @throws Error if there is no line; RangeError if a line's lists differ in length or are empty; TypeError if something is no
 *   number
 */
export function linePlot(lines: Lines, options: LinePlotOptions = {}): Figure {
  checkGiven('linePlot', options, {
    ...CHART_RULES,
    yRange: RANGE_RULE,
    evenly: FLAG_RULE,
    markers: FLAG_RULE,
  });
  const lists: [string, NumberList | LineSeries][] =
    isNumberList(lines) || isSeries(lines)
      ? [['', lines]]
      : namedEntries(lines, 'linePlot', 'a list of numbers, or lists by name');
  const entries = lists.map(([name, line]) => resolved(name, line));
  if (!entries.length) throw new Error('Expected at least one line, got none.');
  const data = entries.map(({ name, x, y, low, high }, index): PlotlyObject => {
    const bars = low &&
      high && {
        error_y: {
          type: 'data',
          symmetric: false,
          array: high.map((value, i) => value - y[i]!),
          arrayminus: low.map((value, i) => y[i]! - value),
          thickness: 1,
        },
      };
    const drawn = bars || options.evenly ? y.map((_, i) => i) : drawnIndices(y);
    const at = options.evenly ? x.map((_, i) => i) : x;
    return {
      type: 'scatter',
      mode: (options.markers ?? x.length <= 30) ? 'lines+markers' : 'lines',
      name: escapePlotly(name),
      x: drawn.map((i) => at[i]),
      y: drawn.map((i) => y[i]),
      line: { color: PALETTE[index % PALETTE.length], width: 2.5 },
      ...bars,
    };
  });
  const first = entries[0]!.x;
  const ticks = options.evenly && { tickvals: first.map((_, i) => i), ticktext: first.map(String) };
  const layout = chartLayout(options, {
    x: { ...ticks },
    y: options.yRange ? { range: [...options.yRange] } : {},
    showlegend: entries.length > 1,
    hovermode: 'x unified',
  });
  const words = entries.map(({ name, x, y }) => {
    if (![...y].some(Number.isFinite)) return `${name ? `${name}: ` : ''}no finite value`;
    const from = `from ${fewDigits(y[0]!)} at ${fewDigits(x[0]!)}`;
    const to = `to ${fewDigits(y.at(-1)!)} at ${fewDigits(x.at(-1)!)}`;
    return `${name ? `${name} ` : ''}${from} ${to}`;
  });
  return new Figure(data, layout, { alt: options.alt ?? `${headOf(options)}${words.join('; ')}.` });
}
