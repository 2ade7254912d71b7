/**
 * A pad to draw on, without widgets: a picture in HTML, and no script. The project's extension of JupyterLab
 * (labextension/drawing-pad.js) brings it to life for mouse, pen and finger; elsewhere the pad shows its picture.
 */
import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import ndarray from 'ndarray';
import type { MimeBundle } from '../figure/display-handle';
import { escapeHtml, NO_MATH } from '../figure/escape';
import { Image } from '../images/images';
import { ANY_RULE, checkGiven, type Rule } from '../options';
import { formRegistry, ONLY_SHOWN } from './form-registry';
import { pictureHtml } from './rich';
import { checkedStrokes, drawnStrokes, type PadSize, type Stroke } from './strokes';

export interface DrawingPadOptions {
  /** In pixels, that of the model's pictures; at most 1024. Default 28. */
  readonly width?: number | undefined;
  /** In pixels, at most 1024. Default 28. */
  readonly height?: number | undefined;
  /** The pen's, in pixels, at most the width. Default a twelfth of the width, about that of MNIST's digits. */
  readonly lineWidth?: number | undefined;
  /** What is drawn already. Default: nothing. */
  readonly strokes?: readonly Stroke[] | undefined;
}

const MOST_SIDE = 1024;
const DRAWING = 'drawing';
/** CSS pixels of its longer side, about. */
const SHOWN_SIDE = 280;

const SIDE_RULE: Rule = [
  `an integer from 1 to ${MOST_SIDE}`,
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_SIDE,
];
const LINE_RULE: Rule = [
  `a number above 0, at most ${MOST_SIDE}`,
  (value) => typeof value === 'number' && value > 0 && value <= MOST_SIDE,
];

/** What is drawn changes as the pad is used; end a cell with it to show it, and read `pad.image` in a later one. */
export class DrawingPad {
  readonly id = randomUUID();
  readonly #size: PadSize;
  readonly #listeners = new Set<(values: { readonly image: Image }) => void>();
  #strokes: readonly Stroke[];

  /** @throws RangeError for an unknown option, or one out of range */
  constructor(options: DrawingPadOptions = {}) {
    checkGiven('drawingPad', options, {
      width: SIDE_RULE,
      height: SIDE_RULE,
      lineWidth: LINE_RULE,
      strokes: ANY_RULE,
    });
    const { width = 28, height = 28, lineWidth = width / 12, strokes = [] } = options;
    this.#size = { width, height, lineWidth };
    this.#strokes = checkedStrokes('drawingPad', strokes);
    formRegistry().set(this.id, (name, value) => this.#set(name, value));
  }

  /** What is drawn now: [height, width, 1], white (1) on black (0), as MNIST. The pipelines' `image` takes it. */
  get image(): Image {
    const { width, height } = this.#size;
    return new Image(ndarray(drawnStrokes(this.#strokes, this.#size), [height, width, 1]));
  }

  /** The ways of the pen: what `drawingPad({ strokes })` begins with, to keep a drawing in a notebook. */
  get strokes(): readonly Stroke[] {
    return this.#strokes;
  }

  /** Draws these instead. @throws RangeError if they are none */
  set strokes(strokes: readonly Stroke[]) {
    this.#strokes = checkedStrokes('drawingPad', strokes);
    for (const listener of this.#listeners) listener(this.values);
  }

  /** The picture by its name, as a form's values: what `interact` hands on. */
  get values(): { readonly image: Image } {
    return { image: this.image };
  }

  /** Is told of each stroke from now on. @returns a function that ends it */
  onChange(listener: (values: { readonly image: Image }) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Takes what the page sends, as JSON. */
  #set(name: string, value: unknown): void {
    if (name !== DRAWING) throw new RangeError(`drawingPad: ${name}: no such setting.`);
    let strokes: unknown;
    try {
      strokes = JSON.parse(String(value));
    } catch {
      strokes = value;
    }
    this.strokes = strokes as Stroke[];
  }

  toHtml(): string {
    const { width, height, lineWidth } = this.#size;
    const scale = Math.max(1, Math.floor(SHOWN_SIDE / Math.max(width, height)));
    const picture = pictureHtml(this.image.toPng({ scale }), this.toString());
    const live = this.#listeners.size ? ' data-sdm-live' : '';
    const strokes = escapeHtml(JSON.stringify(this.#strokes));
    return (
      `<div data-sdm-form="${this.id}" data-sdm-pad="${width} ${height} ${lineWidth} ${scale}"${live} class="${NO_MATH}">` +
      `<div>${picture}</div><input type="hidden" data-name="${DRAWING}" data-type="string" value="${strokes}" disabled>` +
      `<small>${ONLY_SHOWN}</small></div>`
    );
  }

  toString(): string {
    const { width, height } = this.#size;
    const { length } = this.#strokes;
    return `Drawing pad of ${width} × ${height} pixels, ${length} ${length === 1 ? 'stroke' : 'strokes'}`;
  }

  [inspect.custom](): string {
    return this.toString();
  }

  [Symbol.for('Jupyter.display')](): MimeBundle {
    return { 'text/html': this.toHtml(), 'text/plain': this.toString() };
  }
}

/**
 * A pad to draw on: `const pad = drawingPad()`, shown at the end of its cell; `pad.image` is what is drawn.
 *
 * @throws RangeError for an unknown option, or one out of range
 */
export function drawingPad(options?: DrawingPadOptions): DrawingPad {
  return new DrawingPad(options);
}
