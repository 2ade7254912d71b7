import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';

afterEach(() => {
  tf.disposeVariables();
});

describe('jit', () => {
  it('runs a function of tensors as a graph', () => {
    const fn = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.add(tf.mul(x, 2), tf.exp(y));
    const step = jit(fn);
    const x = tf.tensor([[1, 2, 3]]);
    const y = tf.tensor([[0], [1]]);
    expect(step(x, y).dataSync()).toBeCloseToMax(fn(x, y).dataSync(), 1e-6);
    expect(step(x, y).shape).toEqual([2, 3]);
    expect(step.compilations).toBe(1);
  });

  it('takes and gives nested arrays and records', () => {
    const step = jit((batch: { a: tf.Tensor; b: [tf.Tensor, tf.Tensor] }) => ({
      sum: tf.addN([batch.a, ...batch.b]),
      all: [batch.a, { twice: tf.mul(batch.b[1], 2) }] as const,
    }));
    const [one, two, three] = [1, 2, 3].map((x) => tf.scalar(x)) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const result = step({ a: one, b: [two, three] });
    expect(result.sum.dataSync()[0]).toBe(6);
    expect(result.all[0].dataSync()[0]).toBe(1);
    expect(result.all[1].twice.dataSync()[0]).toBe(6);
  });

  it('trains: gradients, assignments and their order', () => {
    const make = (): { w: tf.Variable; m: tf.Variable; t: tf.Variable } => ({
      w: tf.variable(tf.tensor2d([[0.5], [-0.3]])),
      m: tf.variable(tf.zeros([2, 1])),
      t: tf.variable(tf.scalar(0)),
    });
    const trainer =
      ({ w, m, t }: ReturnType<typeof make>) =>
      (x: tf.Tensor2D, y: tf.Tensor2D) => {
        const { value, grads } = tf.variableGrads(
          () =>
            tf.mean(
              tf.squaredDifference(tf.matMul(x, w as unknown as tf.Tensor2D), y),
            ) as tf.Scalar,
          [w],
        );
        t.assign(tf.add(t, 1));
        m.assign(tf.add(tf.mul(m, 0.9), grads[w.name] as tf.Tensor));
        w.assign(tf.sub(w, tf.mul(tf.div(0.1, tf.sqrt(t)), m)));
        return value;
      };
    const eager = make();
    const traced = make();
    const step = jit(trainer(traced));
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const y = tf.tensor2d([[1], [0], [2]]);
    for (let i = 0; i < 5; i++) {
      const expected = trainer(eager)(x, y).dataSync();
      expect(step(x, y).dataSync()).toBeCloseToMax(expected, 1e-6);
      if (i === 2) expect(traced.w.dataSync()).toBeCloseToMax(eager.w.dataSync(), 1e-6);
    }
    expect(traced.w.dataSync()).toBeCloseToMax(eager.w.dataSync(), 1e-6);
    expect(traced.t.dataSync()[0]).toBe(5);
  });
});
