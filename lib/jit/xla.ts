/** The option `xla` of what trains. */
import { supportHere } from './compiler';

/** What was chosen. */
export interface ChosenXla {
  readonly xla: boolean;
  /** A sentence for the user; null if it is what was asked for. */
  readonly note: string | null;
}

/**
 * Whether graphs are to be compiled by XLA: if that was asked for, and can be.
 *
 * @param owner who has the option, for the sentence
 */
export function chooseXla(owner: string, wanted: boolean): ChosenXla {
  if (!wanted) return { xla: false, note: null };
  const support = supportHere((compiler) => compiler.xla());
  if (support.isThere) return { xla: true, note: null };
  return { xla: false, note: `${owner}: xla is left out here: ${support.why}.` };
}
