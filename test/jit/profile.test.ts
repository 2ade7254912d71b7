import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { typeAttribute, updateInPlace, writeProfiles } from '../../lib/backend/node';
import { jit, perfettoTrace, sumTimings } from '../../lib/jit';

afterEach(() => {
  tf.disposeVariables();
});

it('times each node of a graph, by op and by layer, and changes no variable', () => {
  const first = tf.variable(tf.ones([16, 16]));
  const second = tf.variable(tf.ones([16, 16]));
  const names = new Map([
    [first, 'first'],
    [second, 'second'],
  ]);
  const step = jit((x: tf.Tensor) => {
    const y = tf.matMul(tf.tanh(tf.matMul(x as tf.Tensor2D, first)), second);
    second.assign(tf.mul(second, 2));
    const inputs = [tf.scalar(0.1), y];
    updateInPlace('ResourceApplyGradientDescent', [first], inputs, [typeAttribute('T', 'float32')]);
    return tf.mean(tf.relu(y));
  });
  const x = tf.ones([16, 16]);
  const timings = step.profile((variable) => names.get(variable), x);
  expect(timings.map(({ op }) => op)).toEqual([
    'MatMul',
    'Tanh',
    'MatMul',
    'Mul',
    'ResourceApplyGradientDescent',
    'Relu',
    'Mean',
  ]);
  expect(timings.slice(0, 3)).toMatchObject([
    { layer: 'first', shapes: '16x16 16x16', outputs: '16x16', bytes: 3 * 16 * 16 * 4 },
    { layer: 'first', shapes: '16x16', bytes: 2 * 16 * 16 * 4 },
    { layer: 'second' },
  ]);
  expect(timings.every(({ milliseconds }) => milliseconds > 0)).toBe(true);
  expect(sumTimings(timings, 'op').find(({ name }) => name === 'MatMul')?.count).toBe(2);
  expect(
    sumTimings(timings, 'layer')
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['first', 'second']);
  expect([first, second].map((v) => v.dataSync()[0])).toEqual([1, 1]);
  expect(() => void step.profile(undefined, x)).toLeakNothing();
  expect(step.compilations).toBe(1);

  const { traceEvents } = JSON.parse(perfettoTrace(timings)) as {
    traceEvents: { name: string; tid: number; ts: number; dur: number }[];
  };
  expect(traceEvents.filter(({ tid }) => tid === 1)).toHaveLength(7);
  const layers = traceEvents.filter(({ tid }) => tid === 2);
  expect(layers.map(({ name }) => name)).toEqual(['first', 'second']);
  expect(layers[1]?.ts).toBeCloseTo((layers[0]?.ts ?? 0) + (layers[0]?.dur ?? 0), 3);
});

it('writes a profile of each new graph after writeProfiles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'));
  const double = jit((x: tf.Tensor) => tf.mul(x, 2), { name: 'double' });
  writeProfiles(folder);
  try {
    double(tf.ones([2]));
    double(tf.ones([2]));
  } finally {
    writeProfiles(undefined);
  }
  const files = readdirSync(folder);
  expect(files).toHaveLength(1);
  expect(files[0]).toMatch(/^double-\d+\.json$/);
  expect(readFileSync(join(folder, files[0] as string), 'utf8')).toContain('"name":"Mul"');
  rmSync(folder, { recursive: true });
});
