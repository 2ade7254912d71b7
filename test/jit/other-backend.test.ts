/** jit on a backend that makes no graphs. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isTracing, tf } from '../../lib/backend';
import { inHalves, jit, JitError, JitSession } from '../../lib/jit';

beforeEach(() => void tf.setBackend('cpu'));
afterEach(() => {
  tf.disposeVariables();
  void tf.setBackend('tensorflow');
});

it('runs the function itself, and there is nothing to compile', () => {
  const total = tf.variable(tf.scalar(1));
  const calls: boolean[] = [];
  const step = jit(
    (x: { readonly a: tf.Tensor }) => {
      calls.push(isTracing());
      total.assign(tf.add(total, tf.sum(x.a)));
      return [tf.mul(x.a, 2), null] as const;
    },
    { name: 'step', session: new JitSession(), precision: 'bfloat16' },
  );
  const a = tf.tensor1d([1, 2]);
  step.compile({ a });
  expect(calls).toEqual([]);
  const [doubled, none] = step({ a });
  expect([[...doubled.dataSync()], none, total.dataSync()[0]]).toEqual([[2, 4], null, 4]);
  step.pull();
  step.push();
  step.dispose();
  expect(step({ a })[0].shape).toEqual([2]);
  expect([calls, step.compilations, step.name]).toEqual([[false, false], 0, 'step']);
  expect(() => step({ a })[0].dispose()).toLeakNothing();
});

it.each(['profile', 'peakBytes'] as const)('refuses %s, which needs a graph', (what) => {
  const step = jit((x: tf.Tensor) => tf.mul(x, 2), { name: 'double' });
  tf.tidy(() => {
    const ask = () =>
      what === 'profile' ? step.profile(undefined, tf.ones([2])) : step.peakBytes(tf.ones([2]));
    expect(ask).toThrow(JitError);
    expect(ask).toThrow("double has no graph on the backend 'cpu'");
  });
});

it('checks options as ever', () => {
  expect(() => jit((x: tf.Tensor) => x, { cacheSize: 0 })).toThrow(JitError);
  expect(() => new JitSession({ intraOpParallelismThreads: 0 })).toThrow(JitError);
});

it('cuts no halves', () => {
  const sizes: number[] = [];
  const step = jit((x: tf.Tensor) =>
    inHalves((part: tf.Tensor) => {
      sizes.push(part.shape[0]!);
      return tf.mean(part);
    }, x),
  );
  expect(tf.tidy(() => step(tf.range(0, 5)).dataSync()[0])).toBe(2);
  expect(sizes).toEqual([5]);
});

it('makes graphs again when TensorFlow is the backend again', () => {
  const double = jit((x: tf.Tensor) => tf.mul(x, 2));
  tf.tidy(() => void double(tf.ones([2])));
  void tf.setBackend('tensorflow');
  expect([...tf.tidy(() => double(tf.ones([2])).dataSync())]).toEqual([2, 2]);
  expect(double.compilations).toBe(1);
  double.dispose();
});
