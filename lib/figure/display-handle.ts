/**
 * Sends rich output to the notebook cell that runs now. Our kernel offers a sender on globalThis,
 * bound to the cell; stock tslab has a function in one of its modules. Elsewhere nothing is sent.
 */

import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';

/** One output in several formats by MIME type; binary formats as base64 text. */
export type MimeBundle = Readonly<Record<string, string | object>>;

/** By MIME type, for example `{ 'image/png': { alt: 'A digit' } }`. */
export type MimeMetadata = Readonly<Record<string, unknown>>;

/** Where text goes outside a notebook, for example `process.stderr`. */
export interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

interface DisplayMessage {
  readonly data: MimeBundle;
  readonly metadata: MimeMetadata;
  readonly displayId: string;
  readonly update: boolean;
}

type Sender = (message: DisplayMessage) => void;

const KERNEL_DISPLAY = Symbol.for('kernel.display');

const KERNEL_CLEAR = Symbol.for('kernel.clearOutput');

interface TslabJupyter {
  readonly lastWriteDisplayData?: ((content: object, update: boolean) => void) | null;
}

/** Our kernel's sender for the running cell. */
function kernelSender(): Sender | undefined {
  const open = (globalThis as { [KERNEL_DISPLAY]?: () => Sender })[KERNEL_DISPLAY];
  return open?.();
}

/**
 * Stock tslab's writer for the running cell, found among the loaded modules: the kernel may run
 * from a global installation, which `require('tslab')` would not reach.
 */
function tslabSender(): Sender | undefined {
  const cache = createRequire(__filename).cache;
  const path = Object.keys(cache).find((key) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(key));
  const write = (path && (cache[path]?.exports as TslabJupyter).lastWriteDisplayData) || undefined;
  if (!write) return undefined;
  return ({ data, metadata, displayId, update }) =>
    write({ data, metadata, transient: { display_id: displayId } }, update);
}

/** One output of a cell, which later updates replace in place. */
export class DisplayHandle {
  readonly displayId = randomUUID();
  readonly #send: Sender;
  #shown = false;

  constructor(send: Sender) {
    this.#send = send;
  }

  /** Shows the bundle, the first time as a new output, later in place of the one before. */
  update(data: MimeBundle, metadata: MimeMetadata = {}): void {
    const { displayId } = this;
    // In the saved file, too: a notebook that is opened again while the cell runs finds its output by it.
    const named = { ...metadata, display_id: displayId };
    this.#send({ data, metadata: named, displayId, update: this.#shown });
    this.#shown = true;
  }
}

/**
 * An output bound to the cell that runs now: what is sent later, even after that cell ended, does
 * not land in another one.
 *
 * @returns undefined outside a notebook
 */
export function openDisplay(): DisplayHandle | undefined {
  const send = kernelSender() ?? tslabSender();
  return send && new DisplayHandle(send);
}

/**
 * Removes what the cell that runs now has shown so far; outside our kernel nothing happens.
 *
 * @param options.wait remove it only when the next output comes, so that nothing flickers
 */
export function clearOutput({ wait = false }: { readonly wait?: boolean } = {}): void {
  (globalThis as { [KERNEL_CLEAR]?: (wait: boolean) => void })[KERNEL_CLEAR]?.(wait);
}
