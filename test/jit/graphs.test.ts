import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { nodeBackend } from '../../lib/backend/node';
import { jit, JitSession } from '../../lib/jit';
import { randint, randn } from '../../lib/random';
import { numbers } from './op-cases';
import { regression } from './regression';

afterEach(() => {
  tf.disposeVariables();
});

describe('memory', () => {
  it('stays flat over calls, inside of tidy and outside', () => {
    const { step } = regression();
    const x = tf.ones([4, 2]);
    expect(() => step(x).dispose()).toLeakNothing();
    expect(() => void tf.tidy(() => step(x).dataSync())).toLeakNothing();
  });

  it('holds no tensors after dispose', () => {
    const { step } = regression();
    const x = tf.ones([4, 2]);
    const before = tf.memory().numTensors;
    step(x).dispose();
    step.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(nodeBackend().binding.getNumOfTensors()).toBeGreaterThan(0);
  });

  it('frees the session of a function that is forgotten, as when a notebook cell runs again', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const models = nodeBackend().binding.getNumOfSavedModels();
    for (let i = 0; i < 3; i++) jit((x: tf.Tensor) => tf.mul(x, i + 2))(tf.scalar(1));
    expect(nodeBackend().binding.getNumOfSavedModels()).toBe(models + 3);
    for (let i = 0; i < 20 && nodeBackend().binding.getNumOfSavedModels() > models; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(nodeBackend().binding.getNumOfSavedModels()).toBeLessThanOrEqual(models);
  });

  it('is flat over 1,000 steps', () => {
    const { step } = regression();
    const native = () => nodeBackend().binding.getNumOfTensors();
    const run = (steps: number): void => {
      for (let i = 0; i < steps; i++) {
        const x = tf.fill([64, 2], i / 1000);
        tf.dispose([step(x), x]);
      }
    };
    run(200);
    const [tensors, handles, resident] = [
      tf.memory().numTensors,
      native(),
      process.memoryUsage.rss(),
    ];
    run(1000);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(native()).toBe(handles);
    expect(process.memoryUsage.rss() - resident).toBeLessThan(20e6);
  });
});

describe('tracing', () => {
  it('runs no op that depends on an input and allocates nothing for it', () => {
    const x = tf.ones([1000, 1000]);
    const resident = process.memoryUsage.rss();
    const step = jit((t: tf.Tensor) => {
      // 40 GB if it were computed.
      let y = tf.tile(t, [100, 100]);
      for (let i = 0; i < 50; i++) y = tf.add(tf.mul(y, 2), 1);
      return tf.sum(tf.slice(y, [0, 0], [1, 1]));
    });
    step.compile(x);
    expect(process.memoryUsage.rss() - resident).toBeLessThan(100e6);
  });

  it('computes matrix products and convolutions in bfloat16 if told to', () => {
    const run = (a: tf.Tensor, b: tf.Tensor): tf.Tensor[] => [
      tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D),
      tf.conv2d(
        tf.reshape<tf.Rank.R4>(a, [1, 32, 32, 1]),
        tf.reshape<tf.Rank.R4>(tf.slice(b, 0, 9), [3, 3, 1, 32]),
        1,
        'same',
      ),
      tf.add(a, 1e-3),
    ];
    const [a, b] = [numbers(32, 32), numbers(32, 32)];
    const expected = run(a, b);
    const exact = jit(run)(a, b);
    const lower = jit(run, { precision: 'bfloat16' })(a, b);
    const error = (tensor: tf.Tensor, i: number): number =>
      tf
        .div(tf.norm(tf.sub(tensor, expected[i] as tf.Tensor)), tf.norm(expected[i] as tf.Tensor))
        .dataSync()[0] ?? NaN;
    expect(lower.map(({ dtype }) => dtype)).toEqual(['float32', 'float32', 'float32']);
    for (const i of [0, 1]) {
      expect(error(exact[i] as tf.Tensor, i)).toBeLessThan(1e-6);
      const relative = error(lower[i] as tf.Tensor, i);
      expect(relative).toBeGreaterThan(1e-4);
      expect(relative).toBeLessThan(1e-2);
    }
    expect(error(lower[2] as tf.Tensor, 2)).toBe(0);
  });

  it('compiles by XLA if told to, with the same results', () => {
    const run = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => {
      const product = tf.softmax(tf.add(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D), b));
      return tf.sum(tf.mul(tf.tanh(product), a), 1);
    };
    const [a, b] = [numbers(16, 16), numbers(16, 16)];
    const compiled = jit(run, { xla: true });
    expect(compiled(a, b).dataSync()).toBeCloseToMax(run(a, b).dataSync(), 1e-6);
    expect(compiled(a, b).dataSync()).toBeCloseToMax(run(a, b).dataSync(), 1e-6);
  });

  it('draws the same random numbers when compiled by XLA', () => {
    const draw = (key: tf.Tensor) => [
      tf.mul(randn([100], key as tf.Tensor1D), 2),
      tf.add(randint([100], 0, 1000, key as tf.Tensor1D), 1),
    ];
    const key = tf.tensor1d([1, 5], 'int32');
    const expected = draw(key).map((numbers) => [...numbers.dataSync()]);
    const compiled = jit(draw, { xla: true })(key);
    expect(compiled.map((numbers) => [...numbers.dataSync()])).toEqual(expected);
  });

  it('draws the same random numbers as eagerly, others for another key', () => {
    const draw = (key: tf.Tensor) => [
      randn([100], key as tf.Tensor1D),
      randint([100], 0, 1000, key as tf.Tensor1D),
    ];
    const traced = jit(draw);
    for (const seed of [1, 2]) {
      const key = tf.tensor1d([seed, 5], 'int32');
      traced(key).forEach((numbers, i) => {
        expect(numbers.dataSync()).toBeCloseToMax((draw(key)[i] as tf.Tensor).dataSync(), 0);
      });
    }
    expect(traced.compilations).toBe(1);
  });

  it('gathers rows of a data set that it captures, by indices', () => {
    const images = numbers(1000, 8, 8, 1);
    const batch = jit((indices: tf.Tensor) => tf.gather(images, indices as tf.Tensor1D));
    const indices = tf.tensor1d([999, 0, 7], 'int32');
    expect(batch(indices).dataSync()).toBeCloseToMax(tf.gather(images, indices).dataSync(), 0);
  });
});

it('accumulates micro-batches and applies them, in one session', () => {
  const session = new JitSession();
  const w = tf.variable(tf.tensor1d([1, 2]));
  const sum = tf.variable(tf.zeros([2]));
  const accumulate = jit(
    (x: tf.Tensor) => {
      const { value, grads } = tf.variableGrads(
        () => tf.sum(tf.square(tf.mul(w, x))) as tf.Scalar,
        [w],
      );
      sum.assign(tf.add(sum, grads[w.name] as tf.Tensor));
      return value;
    },
    { session },
  );
  const apply = jit(
    (rate: tf.Tensor) => {
      w.assign(tf.sub(w, tf.mul(sum, rate)));
      sum.assign(tf.zeros([2]));
    },
    { session },
  );
  accumulate.compile(tf.scalar(1));
  apply.compile(tf.scalar(1));
  for (let i = 0; i < 3; i++) tf.dispose(accumulate(tf.scalar(2)));
  apply(tf.scalar(0.01));
  // The gradient is 2 x² w = 8 w, three times.
  expect(w.dataSync()).toBeCloseToMax([1 - 0.24, 2 - 0.48], 1e-6);
  expect([...sum.dataSync()]).toEqual([0, 0]);
});
