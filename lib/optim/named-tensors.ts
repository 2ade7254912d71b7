/** Gradients by parameter name, as a map or as a record like that of tf.variableGrads. */
import { tf } from '../backend';
import { shown } from '../options';

export type NamedTensors = ReadonlyMap<string, tf.Tensor> | Readonly<Record<string, tf.Tensor>>;

/** A variable of zeros, not trained; without a name, so that a cell can be run again. */
export const zeroVariable = (shape: number[]): tf.Variable =>
  tf.tidy(() => tf.variable(tf.zeros(shape), false));

/** The tensors by name, in their order. */
export function asMap(tensors: NamedTensors): ReadonlyMap<string, tf.Tensor> {
  return tensors instanceof Map ? tensors : new Map(Object.entries(tensors));
}

/** @throws TypeError if they are no variables by name; Error if one was disposed */
export function requireParameters(
  owner: string,
  parameters: ReadonlyMap<string, tf.Variable>,
): void {
  if (parameters instanceof Map) {
    const gone = [...(parameters as ReadonlyMap<string, tf.Variable>)].find(
      ([, v]) => v.isDisposed,
    );
    if (gone) {
      throw new Error(
        `${owner}: expected parameters that are alive, but ${gone[0]} was disposed. Make or load its model again; in a ` +
          'notebook run the cell that made it.',
      );
    }
    return;
  }
  throw new TypeError(
    `${owner}: expected variables by name, as namedParameters(model) gives them, got ${shown(parameters)}.`,
  );
}

/**
 * The gradients of exactly these parameters.
 *
 * @param owner for the message
 * @throws Error that names all missing, unknown and misshaped gradients at once
 */
export function matchGradients(
  owner: string,
  grads: NamedTensors,
  parameters: ReadonlyMap<string, tf.Tensor>,
): ReadonlyMap<string, tf.Tensor> {
  const given = asMap(grads);
  const problems: string[] = [];
  for (const [name, { shape }] of parameters) {
    const gradient = given.get(name);
    if (!gradient) problems.push(`${name}: no gradient given`);
    else if (gradient.shape.join() !== shape.join()) {
      problems.push(
        `${name}: expected a gradient [${shape.join(', ')}], got [${gradient.shape.join(', ')}]`,
      );
    }
  }
  for (const name of given.keys()) {
    if (!parameters.has(name)) problems.push(`${name}: no such parameter`);
  }
  if (problems.length === 0) return given;
  const more = problems.length > 10 ? `\n  … and ${problems.length - 10} more` : '';
  throw new Error(
    `${owner}: expected one gradient for each of ${parameters.size} parameters:\n  ` +
      problems.slice(0, 10).join('\n  ') +
      more,
  );
}
