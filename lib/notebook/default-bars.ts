/** Bars and lines that the library shows in a cell by itself. */
import { openDisplay, type DisplayHandle } from '../figure/display-handle';
import { setNotices } from '../notices';
import { setLoopBars, type LoopBar, type LoopBarOptions } from '../progress';
import { runningCell } from '../stop';
import { openBars } from './open-bars';
import { ProgressBar } from './progress-bar';

/** A cell's outputs of bars that are over, by description: the next such bar takes its place, so that a loop shows one. */
const places = new WeakMap<object, Map<string, DisplayHandle>>();

function placeOf(description: string): { take(): DisplayHandle | undefined; free(): void } {
  const cell = runningCell();
  if (!cell) return { take: openDisplay, free() {} };
  const own = places.get(cell) ?? new Map<string, DisplayHandle>();
  places.set(cell, own);
  let taken: DisplayHandle | undefined;
  return {
    take() {
      taken = own.get(description) ?? openDisplay();
      own.delete(description);
      return taken;
    },
    free() {
      if (taken) own.set(description, taken);
    },
  };
}

function open(total: number, options: LoopBarOptions): LoopBar | undefined {
  const { description, onlyAlone = false, ...rest } = options;
  const isNested = openBars().size > 0;
  if (isNested && onlyAlone) return undefined;
  const place = placeOf(description);
  const display = place.take();
  if (!display) return undefined;
  const leave = options.leave ?? !isNested;
  const bar = new ProgressBar(total, { ...rest, leave, description, display });
  return {
    update: (n, values) => bar.update(n, values),
    close(whenStopped) {
      bar.close(whenStopped);
      place.free();
    },
  };
}

/** Called once, by lib/notebook.ts. */
export function installDefaultBars(): void {
  setLoopBars(open);
  setNotices((message) => {
    if (!openDisplay()) return false;
    process.stderr.write(`${message}\n`);
    return true;
  });
}
