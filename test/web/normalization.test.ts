/** Normalizations and GEGLU by the kernels of WebAssembly: the numbers of tfjs-node, which the goldens of torch are compared with. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { openWasm } from '../../lib/backend/wasm';
import { geglu } from '../../lib/nn/kernels/geglu';
import { groupNorm } from '../../lib/nn/kernels/group-norm';
import { layerNorm } from '../../lib/nn/kernels/layer-norm';
import { randn } from '../../lib/random';
import '../support/matchers';

const numbers = <R extends tf.Rank>(shape: tf.ShapeMap[R], part: number) =>
  randn<R>(shape, [7, part]);
const vector = (length: number, part: number) => numbers<tf.Rank.R1>([length], part);

const CASES: [string, () => tf.Tensor][] = [
  ['groups of channels', () => groupNorm(numbers<tf.Rank.R4>([2, 5, 3, 24], 1), vector(24, 2), vector(24, 3), 8, 1e-5)], // prettier-ignore
  ['groups, and SiLU', () => groupNorm(numbers<tf.Rank.R4>([3, 7, 7, 32], 1), vector(32, 2), vector(32, 3), 32, 1e-6, 'silu')], // prettier-ignore
  ['one group far from zero', () => groupNorm(tf.add(numbers<tf.Rank.R4>([1, 4, 4, 8], 1), 300), vector(8, 2), vector(8, 3), 1, 1e-5)], // prettier-ignore
  ['a constant picture, whose deviation is none', () => groupNorm(tf.fill<tf.Rank.R4>([1, 2, 2, 4], 0.1), vector(4, 2), vector(4, 3), 2, 1e-5)], // prettier-ignore
  ['rows', () => layerNorm(numbers<tf.Rank.R3>([2, 9, 48], 1), vector(48, 2), vector(48, 3), 1e-5)], // prettier-ignore
  ['rows far from zero', () => layerNorm(tf.add(numbers<tf.Rank.R2>([5, 64], 1), 300) as tf.Tensor2D, vector(64, 2), vector(64, 3), 1e-5)], // prettier-ignore
  ['GEGLU', () => geglu(tf.mul(numbers<tf.Rank.R3>([2, 6, 40], 1), 3))],
];

/** The result, and its shape, on the backend that is open. */
const run = (make: () => tf.Tensor) =>
  tf.tidy(() => {
    const result = make();
    return { shape: result.shape, values: result.dataSync<'float32'>() };
  });

const byNode = new Map<string, ReturnType<typeof run>>();
beforeAll(async () => {
  for (const [name, make] of CASES) byNode.set(name, run(make));
  await openWasm();
});
afterAll(() => void tf.setBackend('tensorflow'));

it.each(CASES)('%s', (name, make) => {
  expect(tf.getBackend()).toBe('wasm');
  const backend = tf.findBackend('wasm');
  const before = [tf.memory().numTensors, backend.numDataIds()];
  const here = run(make);
  expect([tf.memory().numTensors, backend.numDataIds()]).toEqual(before);
  const { shape, values } = byNode.get(name)!;
  expect(here.shape).toEqual(shape);
  // Numbers of 300 have float32's error of 3e-5 before anything is computed.
  expect(here.values).toBeCloseToMax(values, name.includes('far') ? 5e-5 : 2e-6);
});
