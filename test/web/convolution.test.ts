/** Convolutions by the kernels of WebAssembly: the numbers of tfjs-node, which the goldens of torch are compared with. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { openWasm } from '../../lib/backend/wasm';
import { convSame } from '../../lib/nn/convolution';
import { randn } from '../../lib/random';
import '../support/matchers';

/** Images, and channels in and out. */
const CASES: [string, [number, number, number], number, number][] = [
  ['even sizes', [1, 28, 28], 32, 64],
  ['odd sizes, several images', [3, 7, 5], 64, 16],
  ['one pixel', [1, 1, 1], 16, 48],
  ['more tiles than a block', [2, 31, 17], 16, 32],
];

/** The result on the backend that is open. */
const run = (sizes: [number, number, number], inputs: number, outputs: number) =>
  tf.tidy(() => {
    const x = randn<tf.Rank.R4>([...sizes, inputs], [9, 1]);
    const weight = randn<tf.Rank.R4>([3, 3, inputs, outputs], [9, 2]);
    const result = convSame(x, weight, randn<tf.Rank.R1>([outputs], [9, 3]));
    return { shape: result.shape, values: result.dataSync<'float32'>() };
  });

const byNode = new Map<string, ReturnType<typeof run>>();
beforeAll(async () => {
  for (const [name, ...sizes] of CASES) byNode.set(name, run(...sizes));
  await openWasm();
});
afterAll(() => void tf.setBackend('tensorflow'));

it.each(CASES)('%s', (name, ...sizes) => {
  expect(tf.getBackend()).toBe('wasm');
  const backend = tf.findBackend('wasm');
  const before = [tf.memory().numTensors, backend.numDataIds()];
  const here = run(...sizes);
  expect([tf.memory().numTensors, backend.numDataIds()]).toEqual(before);
  const { shape, values } = byNode.get(name)!;
  expect(here.shape).toEqual(shape);
  expect(here.values).toBeCloseToMax(values, 2e-6);
});
