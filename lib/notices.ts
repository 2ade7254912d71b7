/**
 * What the library has to say beside its results, a line each. It prints nothing itself: a notebook shows the line in the
 * cell that runs (lib/notebook/default-bars.ts); elsewhere Node shows it as a warning of the process.
 */
interface WarningProcess {
  emitWarning?(message: string, type: string): void;
}

let show: ((message: string) => boolean) | undefined;

/** @param how shows a line, or says false where it cannot */
export function setNotices(how: (message: string) => boolean): void {
  show = how;
}

/** @param type what kind of warning it is for Node, such as `TruncationWarning` */
export function notice(message: string, type: string): void {
  if (show?.(message)) return;
  // Nothing where there is no process, as in a page.
  const { process } = globalThis as { readonly process?: WarningProcess };
  process?.emitWarning?.(message, type);
}
