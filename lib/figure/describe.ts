/** A figure in words, where its maker gave none. */

import { extentOf } from './extent';
import type { PlotlyObject } from './plotly';
import { traceType } from './trace-types';

const MOST_TRACES = 12;

const isObject = (value: unknown): value is PlotlyObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A title's text without plotly's tags; '' if there is none. */
function titleOf(holder: unknown): string {
  const title = isObject(holder) && isObject(holder.title) ? holder.title.text : undefined;
  if (typeof title !== 'string') return '';
  return title
    .replace(/<br>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&#36;/g, '$')
    .replace(/&amp;/g, '&');
}

const short = (value: number) => String(Number(value.toPrecision(4)));

/** From where to where the values of a list go, and how many they are. */
function rangeOf(values: unknown, name: string): string {
  if (!Array.isArray(values) || !values.length) return '';
  const flat: unknown[] = Array.isArray(values[0]) ? (values as unknown[][]).flat() : values;
  const numbers = flat.filter((value): value is number => typeof value === 'number');
  const { low, high } = extentOf(numbers);
  if (numbers.length)
    return low === high ? `${name} ${short(low)}` : `${name} from ${short(low)} to ${short(high)}`;
  const texts = flat.filter((value) => typeof value === 'string');
  return texts.length ? `${name} from ${texts[0]} to ${texts.at(-1)}` : '';
}

function describeTrace(trace: PlotlyObject): string {
  const name = typeof trace.name === 'string' && trace.name ? ` ${trace.name}` : '';
  const lists = ['y', 'x', 'z', 'values', 'value', 'r', 'a', 'lat'].map((key) => trace[key]);
  const count = lists.find(Array.isArray)?.length;
  const points = count === undefined ? '' : `${count} value${count === 1 ? '' : 's'}`;
  const ranges = ['x', 'y', 'z', 'values', 'value'].map((key) => rangeOf(trace[key], key));
  const facts = [points, ...ranges].filter(Boolean).join(', ');
  return `${traceType(trace)}${name}${facts ? ` (${facts})` : ''}`;
}

/** The title, what is on the axes, and each trace's kind, name, count and range. */
export function describeFigure(data: readonly PlotlyObject[], layout: PlotlyObject): string {
  const axes = [titleOf(layout.yaxis), titleOf(layout.xaxis)].filter(Boolean).join(' over ');
  const shown = data.slice(0, MOST_TRACES).map(describeTrace);
  const rest = data.length > MOST_TRACES ? [`${data.length - MOST_TRACES} more`] : [];
  const head = [titleOf(layout), axes].filter(Boolean).join(': ');
  const body = [...shown, ...rest].join('; ') || 'nothing is drawn';
  return `${head ? `${head}; ` : ''}${body}.`;
}
