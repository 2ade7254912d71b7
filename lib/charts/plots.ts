/** The figures of a training run: its losses, and the schedule of its noise. */

import { escapePlotly } from '../figure/escape';
import { extentOf } from '../figure/extent';
import { Figure } from '../figure/figure';
import type { PlotlyObject } from '../figure/plotly';
import { drawnIndices, logTicks, requireSmoothing, short, smoothed } from './series';
import { axisLayout, baseLayout, MARGIN, MUTED, PALETTE, titleLayout } from '../figure/theme';
import { requireRecord, shown } from '../options';

const WIDTH = 700;
const HEIGHT = 380;

/** One step of training, as the trainer's history has it. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
  readonly learningRate?: number;
}

export interface LossCurveOptions {
  /** Weight of the past in the smoothed line, 0 (none) … below 1. Default 0.95. */
  readonly smoothing?: number;
  readonly title?: string;
  /** Scale of the loss axis. Default: 'log' where all losses are above 0, else 'linear'. */
  readonly yScale?: 'log' | 'linear';
}

/**
 * The loss at each step, faint, and its moving average; the learning rate, if the history has it,
 * on an axis of its own.
 *
 * @throws if the history is empty or `smoothing` is outside [0, 1)
 */
export function lossCurve(history: readonly LossPoint[], options: LossCurveOptions = {}): Figure {
  const { smoothing = 0.95, title = 'Loss' } = options;
  const given: unknown = history;
  if (!Array.isArray(given))
    throw new TypeError(`lossCurve: expected a training's history, got ${shown(given)}.`);
  if (!history.length) throw new Error('Expected a history of at least one step, got none.');
  requireSmoothing(smoothing);
  const steps = history.map((point) => point.step);
  const losses = history.map((point) => point.loss);
  const means = smoothed(losses, smoothing);
  const rates = history.map((point) => point.learningRate ?? NaN);
  const logarithmic =
    (options.yScale ?? 'log') === 'log' &&
    losses.every((loss) => !(loss <= 0)) &&
    losses.some(isFinite);

  const drawn = drawnIndices(losses);
  const line = (name: string, values: readonly number[], more: PlotlyObject): PlotlyObject => ({
    type: 'scatter',
    mode: history.length === 1 ? 'markers' : 'lines',
    name,
    x: drawn.map((index) => steps[index]),
    y: drawn.map((index) => short(values[index] ?? NaN)),
    ...more,
  });
  const data = [
    line('each step', losses, {
      line: { color: PALETTE[0], width: 1 },
      opacity: smoothing ? 0.35 : 1,
    }),
  ];
  if (smoothing) {
    data.push(line(`smoothed (${smoothing})`, means, { line: { color: PALETTE[0], width: 2.5 } }));
  }
  const layout: PlotlyObject = {
    ...baseLayout(WIDTH, HEIGHT),
    title: { ...titleLayout(escapePlotly(title)), y: 1 - 22 / HEIGHT },
    xaxis: axisLayout('step'),
    yaxis: axisLayout('loss', logarithmic ? logTicks(losses) : {}),
    margin: { ...MARGIN, t: 76 },
    legend: { orientation: 'h', x: 0, y: 1.02, yanchor: 'bottom', font: { color: MUTED } },
    hovermode: 'x unified',
  };
  if (rates.some(Number.isFinite)) {
    const top = extentOf(rates).high;
    const dotted = { color: PALETTE[1], width: 1.5, dash: 'dot' };
    data.push(line('learning rate', rates, { yaxis: 'y2', line: dotted }));
    layout.yaxis2 = axisLayout('learning rate', {
      overlaying: 'y',
      side: 'right',
      range: [0, 1.1 * top || 1],
      showgrid: false,
      tickvals: [0, top / 2, top],
      ticktext: [0, top / 2, top].map((rate) => String(short(rate))),
    });
    layout.margin = { ...MARGIN, t: 76, r: 84 };
  }
  const count = history.length === 1 ? '1 step' : `${history.length} steps`;
  const last = means.at(-1) ?? NaN;
  const mean = smoothing ? `, smoothed ${short(last)} at the end` : '';
  const alt = `${title}: ${count}, from ${short(losses[0] ?? NaN)} to ${short(losses.at(-1) ?? NaN)}${mean}.`;
  return new Figure(data, layout, { alt });
}

/** ᾱ_t at t = 0, 1, …, as schedulers hold it in `alphasCumprod`. */
export type AlphasCumprod = Float32Array | Float64Array | readonly number[];

/**
 * How much of the image and how much noise x_t holds: √ᾱ_t and √(1 − ᾱ_t) over the time step t
 * (Ho et al. 2020, equation 4).
 *
 * @param schedules one table of ᾱ_t in [0, 1], or several by name, to compare
 * @throws if a table is empty or a value is outside [0, 1]
 */
export function noiseSchedule(
  schedules: AlphasCumprod | Readonly<Record<string, AlphasCumprod>>,
  { title = 'Noise schedule' }: { readonly title?: string } = {},
): Figure {
  const single = Array.isArray(schedules) || ArrayBuffer.isView(schedules);
  if (!single) {
    requireRecord(
      'noiseSchedule',
      schedules,
      'a list of ᾱ, such as scheduler.alphasCumprod, or lists by name',
    );
  }
  const named = Object.entries(
    single ? { '': schedules as AlphasCumprod } : (schedules as Record<string, AlphasCumprod>),
  );
  if (!named.length) throw new Error('Expected at least one schedule, got none.');
  const data = named.flatMap(([name, table], index): PlotlyObject[] => {
    const alphas = Array.from(table);
    if (!alphas.length)
      throw new Error(`Expected ᾱ for at least one time step, got none: ${name}.`);
    alphas.forEach((alpha, t) => {
      if (alpha >= 0 && alpha <= 1) return;
      throw new RangeError(`Expected alphasCumprod in [0, 1], got ${alpha} at t = ${t}.`);
    });
    const curve = (label: string, values: number[], color: string, dash: string) => ({
      type: 'scatter',
      mode: 'lines',
      name: single ? label : `${escapePlotly(name)}: ${label}`,
      y: values.map(short),
      line: { color, width: 2.5, dash },
    });
    const color = (offset: number) => PALETTE[(index + offset) % PALETTE.length] ?? PALETTE[0];
    return [
      curve('image √ᾱ', alphas.map(Math.sqrt), color(0), 'solid'),
      curve(
        'noise √(1 − ᾱ)',
        alphas.map((a) => Math.sqrt(1 - a)),
        color(single ? 1 : 0),
        'dash',
      ),
    ];
  });
  const layout: PlotlyObject = {
    ...baseLayout(WIDTH, HEIGHT),
    title: titleLayout(escapePlotly(title)),
    xaxis: axisLayout('time step t'),
    yaxis: axisLayout('share of x<sub>t</sub>', { range: [-0.02, 1.04], dtick: 0.25 }),
    legend: { font: { color: MUTED } },
    hovermode: 'x unified',
  };
  const names = single ? '' : ` of ${named.map(([name]) => name).join(', ')}`;
  const alt = `${title}${names}: the image's share √ᾱ falls and the noise's share √(1 − ᾱ) rises over ${named[0]?.[1].length} time steps.`;
  return new Figure(data, layout, { alt });
}
