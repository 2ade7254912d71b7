import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';
import { OPS } from '../../lib/backend/node/graph/ops';
import { checkingOps } from './checking-ops';
import { numbers, opCases, type OpCase } from './op-cases';

const all = (result: tf.Tensor | tf.Tensor[]): tf.Tensor[] =>
  Array.isArray(result) ? result : [result];

/** The case's results, and the gradients of a weighted sum of the first's squares. */
function program({ run, inputs, gradient }: OpCase): (...inputs: tf.Tensor[]) => tf.Tensor[] {
  const differentiable = gradient ?? inputs.every(({ dtype }) => dtype === 'float32');
  return (...args) => {
    const results = all(run(...args));
    if (!differentiable) return results;
    const gradients = tf.grads((...xs: tf.Tensor[]) => {
      const [first] = all(run(...xs)) as [tf.Tensor];
      // Squared, so that the gradient depends on the inputs.
      return tf.sum(tf.mul(tf.square(first), numbers(...first.shape)));
    })(args);
    return [...results, ...gradients];
  };
}

const seen = new Set<string>();

it.each(opCases().map((opCase) => [opCase.name, opCase] as const))('%s', (name, opCase) => {
  const run = program(opCase);
  const inputs = [...opCase.inputs];
  let expected: tf.Tensor[] = [];
  for (const op of checkingOps(() => (expected = tf.tidy(() => run(...inputs))))) seen.add(op);
  const step = jit(run, { name });
  const actual = step(...inputs);
  actual.forEach((tensor, i) => {
    const reference = expected[i] as tf.Tensor;
    expect([tensor.shape, tensor.dtype]).toEqual([reference.shape, reference.dtype]);
    expect(tensor.dataSync()).toBeCloseToMax(reference.dataSync(), 1e-6);
  });
  expect(actual.length).toBe(expected.length);
  tf.dispose([actual, expected]);
  step.dispose();
});

it('has a case for each op of the table', () => {
  expect(Object.keys(OPS).filter((op) => !seen.has(op))).toEqual([]);
});
