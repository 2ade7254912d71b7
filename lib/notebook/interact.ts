/** What a form's settings or a pad's drawing give, drawn anew at each change; ipywidgets' `interact`. */
import { inspect } from 'node:util';
import { openDisplay, type DisplayHandle, type MimeBundle } from '../figure/display-handle';
import { escapeHtml, shortened } from '../figure/escape';
import { PLOTLY_MIME } from '../figure/figure';
import { isInterrupted } from '../stop';
import { DISPLAY, METADATA, VIEW } from './define-view';
import { DrawingPad } from './drawing-pad';
import { Form, type FormValue } from './form';
import { shown } from '../options';

export interface InteractOptions {
  /** Milliseconds without a further change before it is drawn. Default 200. */
  readonly debounce?: number;
}

/** A form, or a pad: what is shown above, and tells of its changes. */
interface Controls<T> {
  readonly values: T;
  onChange(listener: () => void): unknown;
  toHtml(): string;
  toString(): string;
}

/**
 * Makes what is shown: a figure, images, a table, …
 *
 * @param values the form's, of now
 * @param signal aborted when they have changed meanwhile: pass it on, to `generate` for example
 */
export type Draw<T> = (values: T, signal: AbortSignal) => object | Promise<object>;

/** Why a drawing is given up for a newer one. */
const NEWER = Symbol('a newer drawing');

type View = (value: unknown) => MimeBundle | Promise<MimeBundle> | undefined;

/**
 * What a cell that ends with the value would show, of a figure the picture alone: JupyterLab's plotly renderer ignores
 * updates once the reader has pointed at the plot.
 */
async function bundleOf(value: object): Promise<MimeBundle> {
  const { [DISPLAY]: display } = value as { readonly [DISPLAY]?: () => MimeBundle };
  const { [VIEW]: view } = globalThis as { readonly [VIEW]?: View };
  const bundle = await (display ? display.call(value) : view?.(value));
  if (bundle === undefined) return { 'text/plain': inspect(value) };
  const { [PLOTLY_MIME]: plot, ...still } = bundle;
  return plot !== undefined && 'image/png' in still ? still : bundle;
}

class Interaction<T> {
  readonly #form: Controls<T>;
  readonly #draw: Draw<T>;
  readonly #debounce: number;
  readonly #words: DisplayHandle | undefined;
  readonly #picture: DisplayHandle | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #controller = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(form: Controls<T>, draw: Draw<T>, debounce: number) {
    this.#form = form;
    this.#draw = draw;
    this.#debounce = debounce;
    form.onChange(() => this.#changed());
    openDisplay()?.update({ 'text/html': form.toHtml(), 'text/plain': form.toString() });
    this.#words = openDisplay();
    this.#picture = openDisplay();
  }

  /** Draws what the form says now. @throws what goes wrong */
  async first(): Promise<void> {
    this.#say('drawing …');
    await this.#show(this.#controller.signal).finally(() => this.#say(''));
  }

  /** The latest change wins: what is being drawn is given up, and a drawing that waits is put off. */
  #changed(): void {
    this.#controller.abort(NEWER);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const controller = (this.#controller = new AbortController());
      // One at a time: drawings may share a pipeline.
      this.#last = this.#last.then(() => this.#again(controller.signal));
    }, this.#debounce);
  }

  async #again(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#say('drawing …');
    try {
      await this.#show(signal);
      if (!signal.aborted) this.#say('');
    } catch (error) {
      if (signal.aborted) return; // a newer one follows
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      this.#say(
        isInterrupted(error) ? 'Stopped. Change a setting to draw.' : `${name}: ${message}`,
      );
    }
  }

  async #show(signal: AbortSignal): Promise<void> {
    const value = await this.#draw(this.#form.values, signal);
    const bundle = await bundleOf(value);
    if (signal.aborted) return;
    const { [METADATA]: metadata } = value as { readonly [METADATA]?: Record<string, unknown> };
    this.#picture?.update(bundle, metadata ?? {});
  }

  #say(text: string): void {
    const words = shortened(text);
    this.#words?.update({
      'text/html': `<small>${escapeHtml(words)}</small>`,
      'text/plain': words,
    });
  }
}

/**
 * Shows the form or the pad, and below it what `draw` makes of its values (a pad's: `{ image }`), drawn anew at each change: after
 * a moment without a further one, and only the latest. Stop ends a drawing; the next change draws again. Outside a notebook it
 * is drawn once.
 *
 * @returns when the first drawing is done
 * @throws what the first drawing throws; later ones say below the form what went wrong. RangeError for a bad option
 */
export async function interact<T extends Readonly<Record<string, FormValue>>>(
  form: Form<T>,
  draw: Draw<T>,
  options?: InteractOptions,
): Promise<void>;
export async function interact(
  pad: DrawingPad,
  draw: Draw<DrawingPad['values']>,
  options?: InteractOptions,
): Promise<void>;
export async function interact<T>(
  form: Controls<T>,
  draw: Draw<T>,
  { debounce = 200 }: InteractOptions = {},
): Promise<void> {
  if (!(form instanceof Form || form instanceof DrawingPad) || typeof draw !== 'function') {
    throw new TypeError(
      `interact: expected a form and a function of its values, interact(form({ seed: 0 }), ({ seed }) => …), or a drawingPad ` +
        `and a function of { image }, got ${shown(form)} and ${shown(draw)}.`,
    );
  }
  if (!(debounce >= 0 && debounce < Infinity)) {
    throw new RangeError(`Expected debounce of at least 0 milliseconds, got ${debounce}.`);
  }
  await new Interaction(form as Controls<T>, draw, debounce).first();
}
