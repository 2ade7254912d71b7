import { afterEach } from 'vitest';
import type { MimeBundle, MimeMetadata } from '../../lib/figure/display-handle';

/** One message that a display sent to the kernel. */
export interface SentDisplay {
  readonly data: MimeBundle;
  readonly metadata: MimeMetadata;
  readonly displayId: string;
  readonly update: boolean;
  /** The cell that ran when the display was opened. */
  readonly cell: number;
}

const DISPLAY = Symbol.for('kernel.display');
const STOP = Symbol.for('kernel.stop');
const globals = globalThis as Record<symbol, unknown>;

/** Stands in for our kernel: records what is displayed, and offers the Stop button. */
export function fakeNotebook() {
  const sent: SentDisplay[] = [];
  const stops = new Set<AbortController>();
  const notebook = { cell: 1, sent, stops };
  globals[DISPLAY] = () => {
    const { cell } = notebook;
    return (message: Omit<SentDisplay, 'cell'>) => sent.push({ ...message, cell });
  };
  globals[STOP] = stops;
  return notebook;
}

afterEach(() => {
  Reflect.deleteProperty(globals, DISPLAY);
  Reflect.deleteProperty(globals, STOP);
});

/** A clock that the test moves, in milliseconds. */
export function fakeClock() {
  const clock = { ms: 0, now: () => clock.ms };
  return clock;
}
