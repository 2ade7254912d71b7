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
const CELL = Symbol.for('kernel.cell');
const globals = globalThis as Record<symbol, unknown>;

class FakeCell {
  readonly stop = new AbortController();
  ended = false;
  get signal() {
    return this.stop.signal;
  }
}

/** Stands in for our kernel: records what is displayed, and offers the Stop button. */
export function fakeNotebook() {
  const sent: SentDisplay[] = [];
  const stops = new Set<AbortController>();
  let running = new FakeCell();
  const notebook = {
    cell: 1,
    sent,
    stops,
    /** What the cells show in the end, as text: the last state of each output. */
    shown: () => [
      ...new Map(
        sent.map(({ displayId, data }) => [displayId, data['text/plain'] as string]),
      ).values(),
    ],
    /** The cell before has ended, and another one runs. */
    nextCell() {
      running.ended = true;
      running = new FakeCell();
      notebook.cell += 1;
    },
    /** As a second Stop does, which breaks the cell off while its code goes on. */
    breakOff() {
      running.ended = true;
    },
    /** The button, as kernel/stop.cjs takes it. */
    pressStop() {
      running.stop.abort();
      [...stops].forEach((controller) => controller.abort());
    },
  };
  globals[DISPLAY] = () => {
    const { cell } = notebook;
    return (message: Omit<SentDisplay, 'cell'>) => sent.push({ ...message, cell });
  };
  globals[STOP] = stops;
  globals[CELL] = () => running;
  return notebook;
}

afterEach(() => {
  Reflect.deleteProperty(globals, DISPLAY);
  Reflect.deleteProperty(globals, STOP);
  Reflect.deleteProperty(globals, CELL);
});

/** A clock that the test moves, in milliseconds. */
export function fakeClock() {
  const clock = { ms: 0, now: () => clock.ms };
  return clock;
}
