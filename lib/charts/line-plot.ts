/** Lines over a common axis, such as accuracy over the guidance scale. */

import { escapePlotly } from '../figure/escape';
import { Figure } from '../figure/figure';
import type { PlotlyObject } from '../figure/plotly';
import { axisLayout, baseLayout, MARGIN, MUTED, PALETTE, titleLayout } from '../figure/theme';

/** One line. */
export interface LineSeries {
  readonly x: readonly number[];
  /** As many as `x`; NaN is a gap. */
  readonly y: readonly number[];
  /** Lower ends of an interval at each point, drawn as a bar; only together with `high`. */
  readonly low?: readonly number[];
  readonly high?: readonly number[];
}

export interface LinePlotOptions {
  readonly title: string;
  readonly xTitle: string;
  /** Default: none; the lines' names say what they are. */
  readonly yTitle?: string;
  /** Lowest and highest value of the y axis. Default: what the lines need. */
  readonly yRange?: readonly [number, number];
  /** Whether points stand at equal distances, whatever their x, each with its x below. Default false. */
  readonly evenly?: boolean;
  /** Whether points are marked. Default: where a line has at most 30. */
  readonly markers?: boolean;
}

const [WIDTH, HEIGHT] = [700, 380];

/**
 * Lines by name, in one figure.
 *
 * @throws Error if there is no line; RangeError if a line's lists differ in length or are empty
 */
export function linePlot(
  series: Readonly<Record<string, LineSeries>>,
  options: LinePlotOptions,
): Figure {
  const entries = Object.entries(series);
  if (!entries.length) throw new Error('Expected at least one line, got none.');
  const data = entries.map(([name, line], index): PlotlyObject => {
    const { x, y, low, high } = line;
    for (const list of [y, low ?? y, high ?? y]) {
      if (list.length === x.length && x.length > 0) continue;
      throw new RangeError(
        `Expected as many values as points, at least one, got ${list.length} and ${x.length}: ${name}.`,
      );
    }
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
    const color = PALETTE[index % PALETTE.length];
    return {
      type: 'scatter',
      mode: (options.markers ?? x.length <= 30) ? 'lines+markers' : 'lines',
      name: escapePlotly(name),
      x: options.evenly ? x.map((_, i) => i) : x,
      y,
      line: { color, width: 2.5 },
      ...bars,
    };
  });
  const first = entries[0]![1].x;
  const ticks = options.evenly && { tickvals: first.map((_, i) => i), ticktext: first.map(String) };
  const layout: PlotlyObject = {
    ...baseLayout(WIDTH, HEIGHT),
    title: titleLayout(escapePlotly(options.title)),
    xaxis: axisLayout(escapePlotly(options.xTitle), { ...ticks }),
    yaxis: axisLayout(
      escapePlotly(options.yTitle ?? ''),
      options.yRange ? { range: [...options.yRange] } : {},
    ),
    margin: MARGIN,
    legend: { font: { color: MUTED } },
    showlegend: entries.length > 1,
    hovermode: 'x unified',
  };
  const words = entries.map(([name, { x, y }]) => {
    return `${name} from ${short(y[0]!)} at ${short(x[0]!)} to ${short(y.at(-1)!)} at ${short(x.at(-1)!)}`;
  });
  const what = options.yTitle === undefined ? '' : `: ${options.yTitle}`;
  const alt = `${options.title}${what} over ${options.xTitle}; ${words.join('; ')}.`;
  return new Figure(data, layout, { alt });
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
