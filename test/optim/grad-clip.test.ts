import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { clipGradNorm } from '../../lib/optim/grad-clip';

const a = tf.tensor1d([3, 4]);
const b = tf.tensor2d([1, -2, 0.5, 12], [2, 2]);

// torch 2.13.0: torch.nn.utils.clip_grad_norm_ of parameters with these two gradients
const NORM = 13.200379371643066;
const CLIPPED: [number, number[], number[]][] = [
  [
    1,
    [0.22726619243621826, 0.3030215799808502],
    [0.07575539499521255, -0.1515107899904251, 0.03787769749760628, 0.909064769744873],
  ],
  [
    5,
    [1.1363308429718018, 1.5151078701019287],
    [0.3787769675254822, -0.7575539350509644, 0.1893884837627411, 4.545323371887207],
  ],
  [100, [3, 4], [1, -2, 0.5, 12]],
  [Infinity, [3, 4], [1, -2, 0.5, 12]],
];

it.each(CLIPPED)('clips to a norm of %d as torch', (maxNorm, clippedA, clippedB) => {
  const { grads, totalNorm } = clipGradNorm({ a, b }, maxNorm);
  expect(totalNorm.dataSync()).toBeCloseToMax([NORM], 1e-6);
  expect([...grads.keys()]).toEqual(['a', 'b']);
  expect(grads.get('a')!.dataSync()).toBeCloseToMax(clippedA, 1e-6);
  expect(grads.get('b')!.dataSync()).toBeCloseToMax(clippedB, 1e-6);
  expect(grads.get('b')!.shape).toEqual([2, 2]);
});

it('takes a map, and gradients of 0', () => {
  const { grads, totalNorm } = clipGradNorm(new Map([['z', tf.zeros([3])]]), 1);
  expect([...grads.get('z')!.dataSync(), ...totalNorm.dataSync()]).toEqual([0, 0, 0, 0]);
});

it('does not hide a NaN', () => {
  const { grads, totalNorm } = clipGradNorm({ a, n: tf.tensor1d([NaN, 1]) }, 1);
  expect(totalNorm.dataSync()[0]).toBeNaN();
  expect(grads.get('a')!.dataSync()[0]).toBeNaN();
});

it('leaves the given gradients and leaks nothing', () => {
  expect(() => {
    const { grads, totalNorm } = clipGradNorm({ a, b }, 1);
    tf.dispose([totalNorm, ...grads.values()]);
  }).toLeakNothing();
  expect([...a.dataSync()]).toEqual([3, 4]);
});

it.each([0, -1, NaN])('refuses a norm of %d', (maxNorm) => {
  expect(() => clipGradNorm({ a }, maxNorm)).toThrow(
    `clipGradNorm: expected maxNorm > 0, got ${maxNorm}.`,
  );
});

it('refuses no gradients', () => {
  expect(() => clipGradNorm({}, 1)).toThrow(
    'clipGradNorm: expected at least one gradient, got none.',
  );
});
