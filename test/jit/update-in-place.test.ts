import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { executeOp, typeAttribute, updateInPlace, useFusedOps } from '../../lib/backend/node';
import { jit } from '../../lib/jit';

afterEach(() => {
  tf.disposeVariables();
});

const values = (tensor: tf.Tensor): number[] => [...tensor.dataSync()];

/** v ← v − rate · delta, in place if traced. */
function descend(v: tf.Variable, rate: number, delta: tf.Tensor): boolean {
  const inputs = [tf.scalar(rate), delta];
  const op = 'ResourceApplyGradientDescent';
  if (updateInPlace(op, [v], inputs, [typeAttribute('T', 'float32')])) return true;
  v.assign(tf.sub(v, tf.mul(delta, rate)));
  return false;
}

describe.each(["the library's ops", "TensorFlow's ops"])('variables by %s', (ops) => {
  beforeAll(() => useFusedOps(ops === "the library's ops"));
  afterAll(() => useFusedOps(true));

  describe('updateInPlace', () => {
    it('changes a variable in a graph, and leaves eager code to tensor ops', () => {
      const v = tf.variable(tf.tensor1d([1, 2]));
      const ways: boolean[] = [];
      const step = jit((x: tf.Tensor) => void ways.push(descend(v, 0.5, x)));
      const x = tf.tensor1d([2, 4]);
      step(x);
      step(x);
      expect(values(v)).toEqual([-1, -2]);
      step(x);
      expect(values(v)).toEqual([-2, -4]);
      ways.push(descend(v, 0.5, x));
      expect(values(v)).toEqual([-3, -6]);
      expect(ways).toEqual([true, false]);
    });

    it('keeps the order of reads, updates and assignments', () => {
      const v = tf.variable(tf.tensor1d([1]));
      const step = jit((x: tf.Tensor) => {
        const before = tf.mul(v, 1);
        expect(descend(v, 1, x)).toBe(true);
        const between = tf.mul(v, 1);
        expect(descend(v, 2, x)).toBe(true);
        const after = tf.mul(v, 1);
        v.assign(tf.mul(v, 100));
        expect(descend(v, 1, x)).toBe(false);
        return [before, between, after, tf.mul(v, 1)];
      });
      const ten = tf.tensor1d([10]);
      expect(step(ten).map((t) => values(t)[0])).toEqual([1, -9, -29, -2910]);
      expect(values(v)).toEqual([-2910]);
      expect(step(tf.tensor1d([0])).map((t) => values(t)[0])).toEqual([
        -2910, -2910, -2910, -291000,
      ]);
    });

    it('leaves tensors alone that share the old value', () => {
      const start = tf.tensor1d([1, 2]);
      const v = tf.variable(start);
      const w = tf.variable(start);
      const step = jit((x: tf.Tensor) => {
        descend(v, 1, x);
        return tf.add(v, w);
      });
      const before = v.clone();
      expect(values(step(tf.tensor1d([1, 1])))).toEqual([1, 3]);
      const between = v.clone();
      step(tf.tensor1d([1, 1]));
      expect([start, w, before, between, v].map(values)).toEqual([
        [1, 2],
        [1, 2],
        [1, 2],
        [0, 1],
        [-1, 0],
      ]);
    });

    it('can be one of several updates of one variable by another', () => {
      const average = tf.variable(tf.tensor1d([0]));
      const weight = tf.variable(tf.tensor1d([1]));
      const step = jit((x: tf.Tensor) => {
        descend(weight, 1, x);
        descend(average, 0.5, tf.sub(average, weight));
      });
      step(tf.tensor1d([-1]));
      expect([values(weight), values(average)]).toEqual([[2], [1]]);
      step(tf.tensor1d([-1]));
      expect([values(weight), values(average)]).toEqual([[3], [2]]);
    });

    it('equals Adam by tensor ops', () => {
      const [p, m, v] = [0, 1, 2].map(() => tf.variable(tf.tensor1d([0.5, 0.25]))) as [
        tf.Variable,
        tf.Variable,
        tf.Variable,
      ];
      const step = jit((gradient: tf.Tensor) => {
        const [zero, rate, beta1, beta2, epsilon] = [0, 0.1, 0.9, 0.99, 1e-3].map((x) =>
          tf.scalar(x),
        );
        const inputs = [zero, zero, rate, beta1, beta2, epsilon, gradient] as tf.Tensor[];
        updateInPlace('ResourceApplyAdam', [p, m, v], inputs, [typeAttribute('T', 'float32')]);
      });
      const gradients = [0.3, -2];
      step(tf.tensor1d(gradients));
      const expected = gradients.map((g, i) => {
        const start = [0.5, 0.25][i] as number;
        const mean = start * 0.9 + g * 0.1;
        const square = start * 0.99 + g * g * 0.01;
        return [start - (0.1 * mean) / (Math.sqrt(square) + 1e-3), mean, square];
      });
      [p, m, v].forEach((variable, i) => {
        expect(variable.dataSync()).toBeCloseToMax(
          expected.map((row) => row[i] as number),
          1e-6,
        );
      });
      expect(() => executeOp('ResourceApplyAdam', [], [])).toThrow();
    });
  });
});
