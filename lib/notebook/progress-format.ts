/** The words and the bar of a progress display, in tqdm's format. */

import { escapeHtml, LONGEST_LABEL, NO_MATH, shortened } from '../figure/escape';
import { PALETTE } from '../figure/theme';

export type ProgressState = 'running' | 'finished' | 'stopped';

/** Values shown behind the rate, for example `{ loss: 0.0512 }`. */
export type Postfix = Readonly<Record<string, string | number | boolean>>;

/** All that a progress display tells. Times in seconds, the rate in items a second. */
export interface ProgressSnapshot {
  readonly description: string;
  readonly n: number;
  readonly total: number | undefined;
  readonly unit: string;
  readonly elapsed: number;
  readonly rate: number | undefined;
  /** Seconds to the end, if it can be told. */
  readonly remaining: number | undefined;
  readonly postfix: Postfix;
  readonly state: ProgressState;
  /** Said behind a bar that was stopped. */
  readonly whenStopped?: string | undefined;
}

const BAR_CELLS = 20;
const EIGHTHS = ' ▏▎▍▌▋▊▉█';

/** Seconds as `mm:ss` or `h:mm:ss`; `?` if not known. */
export function formatInterval(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return '?';
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** Items a second, or seconds an item where that is easier to read: `6.10 it/s`, `1.55 s/it`. */
export function formatRate(rate: number | undefined, unit: string): string {
  if (rate === undefined || !(rate > 0) || !Number.isFinite(rate)) return `? ${unit}/s`;
  if (rate < 1) return `${(1 / rate).toFixed(2)} s/${unit}`;
  return `${rate.toFixed(rate < 100 ? 2 : 0)} ${unit}/s`;
}

function formatPostfix(postfix: Postfix): string[] {
  return Object.entries(postfix).map(([key, value]) => {
    const short = typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value);
    const shown = String(short ? Number(value.toPrecision(4)) : value);
    return shortened(`${key}=${shown}`, LONGEST_LABEL);
  });
}

/** The total, unless more was counted: then it was wrong, and the bar is shown without, as tqdm's. */
function trustedTotal({ n, total }: ProgressSnapshot): number | undefined {
  return total !== undefined && n < total + 0.5 ? total : undefined; // sums of fractions are not exact
}

function fraction(snapshot: ProgressSnapshot): number | undefined {
  const { n } = snapshot;
  const total = trustedTotal(snapshot);
  if (total === undefined) return undefined;
  return total === 0 ? 1 : Math.min(1, Math.max(0, n / total));
}

/** What stands behind the bar: `74/200 [00:12<00:21, 6.10 it/s, loss=0.0512]`. */
function details(snapshot: ProgressSnapshot): string {
  const { n, elapsed, rate, remaining, postfix, state } = snapshot;
  const total = trustedTotal(snapshot);
  const unit = shortened(snapshot.unit, LONGEST_LABEL);
  const count = total === undefined ? `${n} ${unit}` : `${n}/${total}`;
  const times = total === undefined ? '' : `<${formatInterval(remaining)}`;
  const extra = [formatRate(rate, unit), ...formatPostfix(postfix)];
  const said = snapshot.whenStopped ? `: ${shortened(snapshot.whenStopped, LONGEST_LABEL)}` : '';
  const mark = state === 'stopped' ? ` stopped${said}` : '';
  return `${count} [${formatInterval(elapsed)}${times}, ${extra.join(', ')}]${mark}`;
}

function percent(share: number): string {
  // 100 % means done: 999 of 1000 is 99 %.
  return `${Math.floor(share * 100)}%`;
}

/** One line of text: `Train:  37%|███████▍            | 74/200 [00:12<00:21, 6.10 it/s]`. */
export function progressText(snapshot: ProgressSnapshot): string {
  const label = snapshot.description ? `${shortened(snapshot.description)}: ` : '';
  const share = fraction(snapshot);
  if (share === undefined) return label + details(snapshot);
  const eighths = Math.floor(share * BAR_CELLS * 8);
  const partial = eighths % 8 ? (EIGHTHS[eighths % 8] ?? '') : '';
  const bar = ('█'.repeat(Math.floor(eighths / 8)) + partial).padEnd(BAR_CELLS);
  return `${label}${percent(share).padStart(4)}|${bar}| ${details(snapshot)}`;
}

const FILL: Readonly<Record<ProgressState, string>> = {
  running: PALETTE[0],
  finished: PALETTE[2],
  stopped: PALETTE[1],
};

/**
 * The same as HTML. Plain elements and styles that JupyterLab keeps in notebooks it does not
 * trust; no colour of text or paper, so that it suits light and dark themes.
 */
export function progressHtml(snapshot: ProgressSnapshot): string {
  const share = fraction(snapshot);
  const style = 'font-family:monospace;font-size:13px;white-space:pre-wrap;line-height:1.6';
  const label = snapshot.description ? `${escapeHtml(shortened(snapshot.description))} ` : '';
  if (share === undefined) {
    return `<div class="${NO_MATH}" style="${style}">${label}${escapeHtml(details(snapshot))}</div>`;
  }
  const shape = 'height:10px;border-radius:5px';
  const track = `display:inline-block;width:220px;${shape};background-color:rgba(128,128,128,0.3)`;
  const fill = `width:${(share * 100).toFixed(1)}%;${shape};background-color:${FILL[snapshot.state]}`;
  return (
    `<div class="${NO_MATH}" style="${style}">${label}${percent(share).padStart(4)} ` +
    `<span style="${track}"><span style="display:block;${fill}"></span></span> ` +
    `${escapeHtml(details(snapshot))}</div>`
  );
}
