/** All variables of tfjs, and how they stand by while a function is traced. */

import { engine, retain, type tf } from '../backend';

/** Those that a graph can hold. */
export function allVariables(): tf.Variable[] {
  return Object.values(engine().registeredVariables).filter(({ dtype }) => dtype !== 'string');
}

/**
 * Gives every variable another value, so that its reads and assignments show: two variables may share
 * one value (`average.assign(weight)`), but not the ones given here.
 *
 * @param valueOf makes the value; it is disposed with the variable's next assignment
 * @returns what gives the variables their own values back
 */
export function replaceValues(valueOf: (variable: tf.Variable) => tf.Tensor): () => void {
  const saved = allVariables().map((variable) => {
    const own = retain(variable);
    const value = valueOf(variable);
    variable.assign(value);
    value.dispose();
    return { variable, own };
  });
  return () => {
    for (const { variable, own } of saved) {
      if (!variable.isDisposed) variable.assign(own);
      own.dispose();
    }
  };
}
