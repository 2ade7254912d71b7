import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { useFusedOps } from '../../lib/backend/node';
import { jit } from '../../lib/jit';
import { AdamW, type AdamWOptions } from '../../lib/optim/adamw';
import { loadGolden } from '../support/golden';

const golden = loadGolden('adamw');
const goldenTensor = (name: string) => tf.tensor(golden.get(name)!.data, golden.get(name)!.shape);

afterEach(() => {
  useFusedOps(true);
});

const RUNS: [string, AdamWOptions][] = [
  ['blog', { lr: 1e-3 }],
  ['wd0', { lr: 3e-4, weightDecay: 0, betas: [0.95, 0.999], eps: 1e-6 }],
];

// In a graph, a step is our own op, or plain ops of all parameters joined.
describe.each(['on', 'off'])('AdamW in a graph, fused ops %s', (fused) => {
  it.each(RUNS)("moves as torch's for 20 steps: %s", (run, options) => {
    useFusedOps(fused === 'on');
    const w = tf.variable(goldenTensor('in.param'), false);
    const optimizer = new AdamW(new Map([['w', w]]), options);
    const step = jit((gradient: tf.Tensor, lr: tf.Scalar, gradScale: tf.Scalar) => {
      optimizer.step({ w: gradient }, { lr, gradScale });
    });
    for (let i = 0; i < 20; i++) {
      const gradient = tf.mul(goldenTensor(`in.grad.${i}`), 4);
      step(gradient, tf.scalar(optimizer.lr), tf.scalar(0.25));
      const expected = golden.get(`out.${run}.${i + 1}`);
      if (expected) expect(w.dataSync(), `step ${i + 1}`).toBeCloseToMax(expected.data, 1e-6);
    }
    expect(step.compilations).toBe(1);
    [step, w, optimizer].forEach((owned) => owned.dispose());
  });

  it('corrects the bias of the first steps, and takes a change of the learning rate', () => {
    useFusedOps(fused === 'on');
    const w = tf.variable(tf.zeros([1000]), false);
    const optimizer = new AdamW(new Map([['w', w]]), { lr: 1, weightDecay: 0, eps: 0 });
    const step = jit((g: tf.Tensor, lr: tf.Scalar) => optimizer.step({ w: g }, { lr }));
    const ones = tf.ones([1000]);
    for (const [i, expected] of [-1, -2, -3, -3.5, -4].entries()) {
      step(ones, tf.scalar(i < 3 ? 1 : 0.5));
      w.dataSync().forEach((x) => expect(Math.abs(x / expected - 1)).toBeLessThan(1e-6));
    }
    [step, w, optimizer, ones].forEach((owned) => owned.dispose());
  });

  it('leaves alone who holds the old weights', () => {
    useFusedOps(fused === 'on');
    const w = tf.variable(tf.ones([3]), false);
    const optimizer = new AdamW(new Map([['w', w]]), { lr: 1, weightDecay: 0 });
    const step = jit((g: tf.Tensor, lr: tf.Scalar) => optimizer.step({ w: g }, { lr }));
    const before = w.clone();
    step(tf.ones([3]), tf.scalar(1));
    const between = w.clone();
    step(tf.ones([3]), tf.scalar(1));
    expect([...before.dataSync()]).toEqual([1, 1, 1]);
    expect(between.dataSync()).toBeCloseToMax([0, 0, 0], 1e-6);
    expect(w.dataSync()).toBeCloseToMax([-1, -1, -1], 1e-6);
    [step, w, optimizer].forEach((owned) => owned.dispose());
  });
});

it('refuses a traced step without a learning rate, which would be fixed in its graph', () => {
  const w = tf.variable(tf.ones([3]), false);
  const optimizer = new AdamW(new Map([['w', w]]));
  const step = jit((gradient: tf.Tensor) => optimizer.step({ w: gradient }));
  expect(() => step(tf.ones([3]))).toThrow(
    /AdamW\.step: expected lr as a scalar inside of a traced/,
  );
  expect([...w.dataSync()]).toEqual([1, 1, 1]);
  [step, w, optimizer].forEach((owned) => owned.dispose());
});
