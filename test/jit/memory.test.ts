import { afterEach, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';

type F = (x: tf.Tensor2D) => tf.Tensor;
const SIZE = 64 * 64 * 4;
const made: { dispose(): void }[] = [];
afterEach(() => made.splice(0).forEach((f) => f.dispose()));

/** Of a function of a matrix of 16 KiB, in units of that. */
function peak(fn: F): number {
  const traced = jit(fn);
  made.push(traced);
  return tf.tidy(() => traced.peakBytes(tf.zeros([64, 64]))) / SIZE;
}

it('counts a value from where it is made to where it is used last', () => {
  expect(peak((x) => tf.neg(x))).toBe(1); // the argument is the caller's
  expect(peak((x) => tf.neg(tf.exp(x)))).toBe(2);
  expect(peak((x) => tf.neg(tf.exp(tf.sin(tf.cos(x)))))).toBe(2);
  const kept: F = (x) => {
    const first = tf.exp(x);
    return tf.add(first, tf.neg(tf.sin(tf.cos(first)))); // first and two of the others
  };
  expect(peak(kept)).toBe(3);
});

it('takes nothing for another shape of the same memory, and counts by dtype', () => {
  expect(peak((x) => tf.neg(tf.reshape(tf.exp(tf.reshape(x, [4096])), [32, 128])))).toBe(2);
  expect(peak((x) => tf.logicalNot(tf.cast(x, 'bool')))).toBe(2 / 4);
});

it('counts what a gradient keeps of the forward pass', () => {
  const deep = (x: tf.Tensor) => {
    let y = x;
    for (let i = 0; i < 10; i++) y = tf.sin(y);
    return tf.sum(y);
  };
  expect(peak((x) => deep(x))).toBeLessThan(3);
  expect(peak((x) => tf.grad(deep)(x))).toBeGreaterThan(9);
});

it('runs nothing, and leaks nothing', () => {
  const traced = jit(((x) => tf.matMul(tf.transpose(x), x)) as F);
  made.push(traced);
  expect(() => void tf.tidy(() => traced.peakBytes(tf.zeros([1, 4])))).toLeakNothing();
  expect(traced.compilations).toBe(1);
});
