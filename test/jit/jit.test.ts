import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { nodeBackend } from '../../lib/backend/node';
import { jit, runFunctionsEagerly } from '../../lib/jit';
import { regression } from './regression';

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
        w.assign(tf.sub(w, tf.mul(tf.div(0.01, tf.sqrt(t)), m)));
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
      expect(step(x, y).dataSync()).toBeCloseToMax(expected, 1e-5);
      if (i === 2) expect(traced.w.dataSync()).toBeCloseToMax(eager.w.dataSync(), 1e-6);
    }
    expect(traced.w.dataSync()).toBeCloseToMax(eager.w.dataSync(), 1e-6);
    expect(traced.t.dataSync()[0]).toBe(5);
  });
});

it('names a tensor that is used after it was disposed', () => {
  nodeBackend();
  const gone = tf.ones([2, 3]);
  gone.dispose();
  expect(() => tf.exp(gone)).toThrow('A tensor of shape [2, 3] is used after it was disposed.');
});

describe('the cache', () => {
  it('compiles once per shapes and dtypes', () => {
    const double = jit((x: tf.Tensor) => tf.mul(x, 2));
    for (const shape of [[2], [3], [2], [3], [1, 2]]) {
      expect([...double(tf.ones(shape)).dataSync()]).toEqual([...tf.fill(shape, 2).dataSync()]);
    }
    expect(double.compilations).toBe(3);
    expect([...double(tf.tensor1d([1, 2], 'int32')).dataSync()]).toEqual([2, 4]);
    expect(double.compilations).toBe(4);
  });

  it('is bounded, drops the least recently used and names the argument whose shape changes', () => {
    const warnings: string[] = [];
    const add = jit((image: tf.Tensor, batch: { bias: tf.Tensor }) => tf.add(image, batch.bias), {
      name: 'add',
      cacheSize: 2,
      onWarning: (message) => warnings.push(message),
    });
    const bias = tf.scalar(1);
    const models = nodeBackend().binding.getNumOfSavedModels();
    for (const size of [1, 2, 1, 3, 1]) add(tf.ones([size]), { bias });
    expect(add.compilations).toBe(3);
    expect(nodeBackend().binding.getNumOfSavedModels()).toBe(models + 2);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('more than 2 combinations of shapes');
    expect(warnings[0]).toContain('image (float32[2], float32[1], float32[3])');
    expect(warnings[0]).not.toContain('bias');
    add.dispose();
    expect(nodeBackend().binding.getNumOfSavedModels()).toBe(models);
  });

  it('can be filled without running', () => {
    const total = tf.variable(tf.scalar(0));
    const add = jit((x: tf.Tensor) => total.assign(tf.add(total, tf.sum(x))));
    add.compile(tf.ones([3]));
    expect(add.compilations).toBe(1);
    expect(total.dataSync()[0]).toBe(0);
    add(tf.ones([3]));
    expect(add.compilations).toBe(1);
    expect(total.dataSync()[0]).toBe(3);
  });
});

describe('a call runs the function itself', () => {
  it('after runFunctionsEagerly, with equal results and nothing left over', () => {
    const { w, step } = regression();
    const x = tf.ones([4, 2]);
    const traced = step(x).dataSync()[0];
    const weights = w.dataSync();
    const eager = regression();
    runFunctionsEagerly(true);
    try {
      expect(eager.step(x).dataSync()[0]).toBeCloseTo(traced as number, 6);
      expect(eager.step.compilations).toBe(0);
      expect(() => eager.step(x).dispose()).toLeakNothing();
    } finally {
      runFunctionsEagerly(false);
    }
    expect(weights).toBeCloseToMax(w.dataSync(), 1e-6);
  });

  it('inside of another function that is traced', () => {
    const inner = jit((x: tf.Tensor) => tf.mul(x, 3));
    const outer = jit((x: tf.Tensor) => tf.add(inner(x), 1));
    expect(outer(tf.scalar(2)).dataSync()[0]).toBe(7);
    expect([inner.compilations, outer.compilations]).toEqual([0, 1]);
  });

  it('under a gradient', () => {
    const cube = jit((x: tf.Tensor) => tf.mul(x, tf.mul(x, x)));
    expect(tf.grad(cube)(tf.scalar(2)).dataSync()[0]).toBe(12);
    expect(cube.compilations).toBe(0);
  });
});
