/**
 * Bars that the library's long loops show, if something shows bars: a notebook does (lib/notebook/default-bars.ts). Elsewhere
 * nothing is shown.
 */

/** Values behind the rate, by name. */
export type BarValues = Readonly<Record<string, string | number | boolean | undefined>>;

export interface LoopBarOptions {
  readonly description: string;
  /** What an item is called. */
  readonly unit: string;
  /** Where counting starts. Default 0. */
  readonly initial?: number | undefined;
  /** Whether it stays when it is finished. Default: yes, unless another bar is open around it. */
  readonly leave?: boolean | undefined;
  /** Not shown where the cell has a bar open already, since that shows the same. */
  readonly onlyAlone?: boolean | undefined;
}

export interface LoopBar {
  /** Counts `n` (default 1) more items. */
  update(n?: number, values?: BarValues): void;
  /**
   * Ends it: finished, or stopped if items are missing.
   *
   * @param whenStopped said behind a bar that was stopped
   */
  close(whenStopped?: string): void;
}

type OpenBar = (total: number, options: LoopBarOptions) => LoopBar | undefined;

const NONE: LoopBar = { update() {}, close() {} };

let open: OpenBar | undefined;

/** Says how bars are shown from now on. */
export function setLoopBars(how: OpenBar): void {
  open = how;
}

/**
 * A bar for a loop of so many items.
 *
 * @param wanted false: none
 */
export function loopBar(total: number, options: LoopBarOptions, wanted = true): LoopBar {
  return (wanted ? open?.(total, options) : undefined) ?? NONE;
}
