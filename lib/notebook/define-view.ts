/**
 * How values of a class look at the end of a cell (Deno's method `Symbol.for('Jupyter.display')`) and in `console.log` (Node's
 * `inspect.custom`).
 */
import { inspect } from 'node:util';
import type { MimeBundle, MimeMetadata } from '../figure/display-handle';
import { messageOf } from './cell-text';

export type View = MimeBundle | Promise<MimeBundle>;

export const DISPLAY = Symbol.for('Jupyter.display');
/** Of a value: what goes beside its view. */
export const METADATA = Symbol.for('kernel.metadata');
/** Of the global object: the views of values that have no `DISPLAY`. */
export const VIEW = Symbol.for('kernel.view');

/** A value as Node prints it, and why it has no view. */
function printed(value: unknown, error: unknown): MimeBundle {
  let text: string;
  try {
    text = inspect(value, { depth: 3, maxArrayLength: 50, customInspect: false });
  } catch {
    text = Object.prototype.toString.call(value);
  }
  return { 'text/plain': `${text}\nNo view of it: ${messageOf(error).replace(/\.$/, '')}.` };
}

/** A view that does not throw. */
export function safely(value: unknown, view: () => View | undefined): View | undefined {
  try {
    const shown = view();
    return shown instanceof Promise
      ? shown.catch((error: unknown) => printed(value, error))
      : shown;
  } catch (error) {
    return printed(value, error);
  }
}

interface Shown<T> {
  readonly view: (value: T) => View;
  readonly metadata?: (value: T) => MimeMetadata;
  /** As `console.log` shows it; `nested`: inside of another object. Default: what the class has. */
  readonly text?: (value: T, nested: boolean) => string;
}

/** Gives a class its view. */
export function defineView<T extends object>(
  { prototype }: { readonly prototype: T },
  { view, metadata, text }: Shown<T>,
): void {
  const define = (name: symbol, member: PropertyDescriptor & ThisType<T>) =>
    Object.defineProperty(prototype, name, { configurable: true, ...member });
  define(DISPLAY, {
    value() {
      return safely(this, () => view(this));
    },
  });
  if (metadata) {
    define(METADATA, {
      get() {
        return metadata(this);
      },
    });
  }
  if (text) {
    define(inspect.custom, {
      value(depth: number, options: { readonly depth?: number | null }) {
        return text(this, depth < (options.depth ?? Infinity));
      },
    });
  }
}
