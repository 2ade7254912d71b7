/** Attention by the kernels of WebAssembly: the numbers of tfjs-node, which the goldens of torch are compared with. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { openWasm } from '../../lib/backend/wasm';
import { multiHeadAttention, multiHeadSelfAttention } from '../../lib/nn/attention';
import { randn } from '../../lib/random';
import '../support/matchers';

type Attention = (inputs: tf.Tensor3D[]) => tf.Tensor3D;

const mask = () => tf.tensor2d([0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0], [3, 3]);
const CASES: [string, Attention, number[][]][] = [
  ['of queries and other keys', ([q, k, v]) => multiHeadAttention(q!, k!, v!, 2), [[2, 7, 16], [2, 5, 16], [2, 5, 16]]], // prettier-ignore
  ['with a mask', ([q, k, v]) => multiHeadAttention(q!, k!, v!, 4, mask()), [[1, 3, 16], [1, 3, 16], [1, 3, 16]]], // prettier-ignore
  ['to itself', ([qkv]) => multiHeadSelfAttention(qkv!, 8), [[2, 49, 192]]],
  ['to itself, with a mask', ([qkv]) => multiHeadSelfAttention(qkv!, 2, mask()), [[3, 3, 48]]],
];

/** The result of an attention on the backend that is open. */
function run(attention: Attention, shapes: readonly number[][]): Float32Array {
  return tf.tidy(() => {
    const inputs = shapes.map((shape, i) =>
      randn<tf.Rank.R3>(shape as [number, number, number], [5, i]),
    );
    return attention(inputs).dataSync<'float32'>();
  });
}

const byNode = new Map<string, Float32Array>();
beforeAll(async () => {
  for (const [name, attention, shapes] of CASES) byNode.set(name, run(attention, shapes));
  await openWasm();
});
afterAll(() => void tf.setBackend('tensorflow'));

it.each(CASES)('%s', (name, attention, shapes) => {
  expect(tf.getBackend()).toBe('wasm');
  const backend = tf.findBackend('wasm');
  const before = [tf.memory().numTensors, backend.numDataIds()];
  const here = run(attention, shapes);
  expect([tf.memory().numTensors, backend.numDataIds()]).toEqual(before);
  expect(here).toBeCloseToMax(byNode.get(name)!, 2e-6);
});
