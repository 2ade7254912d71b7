/** The option `xla` of what trains. */

import { tf } from '../backend';
import { functionsRunEagerly, presentCompiler, type XlaSupport } from './compiler';

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
  const support = supportHere();
  if (support.isThere) return { xla: true, note: null };
  return { xla: false, note: `${owner}: xla is left out here: ${support.why}.` };
}

function supportHere(): XlaSupport {
  const compiler = presentCompiler();
  if (!compiler) {
    return { isThere: false, why: `the backend '${tf.getBackend()}' makes no graphs` };
  }
  if (functionsRunEagerly()) return { isThere: false, why: 'functions run op by op' };
  return compiler.xla();
}
