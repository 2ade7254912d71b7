import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { declareOps, executeOp, typeAttribute } from '../../lib/backend/node';
import { jit } from '../../lib/jit';

afterEach(() => {
  tf.disposeVariables();
});

const x = (): tf.Tensor => tf.tensor1d([1, 2, 3]);

describe('jit refuses', () => {
  it.each<[string, (x: tf.Tensor) => unknown, string]>([
    [
      'an op without a shape function',
      (t) => executeOp('Lgamma', [], [t]),
      'no shape function for the op Lgamma',
    ],
    ['a read of a value', (t) => tf.mul(t, t.dataSync()[0] ?? 0), 'was read (dataSync'],
    ['a printed value', (t) => t.toString(), 'was read (dataSync'],
    ['a variable made inside', (t) => tf.variable(t), 'A variable was made inside'],
    ['tf.randomNormal', (t) => tf.add(t, tf.randomNormal([3])), 'tf.randomNormal() was called'],
    [
      'a seeded tf.randomUniform',
      (t) => tf.add(t, tf.randomUniform([3], 0, 1, 'float32', 7)),
      'tf.randomUniform()',
    ],
    ['tf.truncatedNormal', (t) => tf.add(t, tf.truncatedNormal([3])), 'tf.truncatedNormal()'],
    ['tf.dropout', (t) => tf.dropout(t, 0.5), 'tf.dropout()'],
    ['tf.multinomial', (t) => tf.multinomial(t as tf.Tensor1D, 2, 5), 'tf.multinomial()'],
    ['Math.random', (t) => tf.mul(t, Math.random()), 'Math.random() was called'],
    [
      'a result that depends on nothing',
      () => tf.ones([2]),
      'depends on no argument and no variable',
    ],
    [
      'a result that is no tensor',
      (t) => ({ loss: t, lr: 3 }),
      'result lr to be a tensor, got a number',
    ],
    ['a promise', async (t) => Promise.resolve(t), 'must be synchronous'],
    [
      'shapes that do not fit',
      (t) => tf.concat([tf.ones([2, 2]), t.reshape([1, 3])], 1),
      'differ only at axis 1, got [2,2] and [1,3]',
    ],
    [
      'a shape that depends on a value',
      (t) => tf.unique(t as tf.Tensor1D).values,
      'UniqueV2 cannot be traced',
    ],
  ])('%s', (_, fn, message) => {
    const before = tf.memory().numTensors;
    const input = x();
    expect(() => jit(fn, { name: 'step' })(input)).toThrow(message);
    input.dispose();
    expect(tf.memory().numTensors).toBe(before);
    // Nothing of the tracing is left behind.
    expect(tf.randomNormal([2]).shape).toEqual([2]);
    expect(Math.random()).toBeLessThan(1);
  });

  it('arguments that are no tensors, by their names', () => {
    const step = jit((image: tf.Tensor, options: { lr: number }) => tf.mul(image, options.lr));
    expect(() => step(x(), { lr: 0.1 })).toThrow(
      'Expected argument options.lr to be a tensor, got a number. Pass tf.scalar(x)',
    );
  });

  it('a cache size below 1', () => {
    expect(() => jit(x, { cacheSize: 0 })).toThrow('above 0, got 0');
  });
});

it('reports the use of a tensor from the tracing after it', () => {
  const kept: tf.Tensor[] = [];
  const step = jit((t: tf.Tensor) => {
    kept.push(tf.keep(tf.mul(t, 2)));
    return t;
  });
  step(x());
  expect(() => kept[0]?.dataSync()).toThrow('from the tracing of jit was used after it');
  expect(() => tf.add(kept[0] as tf.Tensor, 1)).toThrow('used after it');
  tf.dispose(kept);
});

it("shows the caller's stack at a shape mismatch", () => {
  const step = jit(function namedByTheUser(a: tf.Tensor, b: tf.Tensor) {
    return tf.add(a, b);
  });
  let stack = '';
  try {
    step(tf.ones([2]), tf.ones([3]));
  } catch (error) {
    stack = String((error as Error).stack);
  }
  expect(stack).toContain('errors.test.ts');
  expect(stack).toContain('namedByTheUser');
});

it('names the function when TensorFlow fails', () => {
  const pick = jit((t: tf.Tensor, i: tf.Tensor) => tf.gather(t, i as tf.Tensor1D), {
    name: 'pick',
  });
  expect(() => pick(x(), tf.tensor1d([7], 'int32'))).toThrow(/^pick: .*indices\[0\] = 7/s);
  expect([...pick(x(), tf.tensor1d([2, 0], 'int32')).dataSync()]).toEqual([3, 1]);
});

it('lets variables be as they were when tracing fails', () => {
  const v = tf.variable(tf.scalar(3));
  const broken = jit((t: tf.Tensor) => {
    v.assign(tf.add(v, 1));
    return tf.randomNormal(t.shape);
  });
  expect(() => broken(x())).toThrow('randomNormal');
  expect([...v.dataSync()]).toEqual([3]);
});

it('traces an op after its shape function was declared', () => {
  const digamma = jit((t: tf.Tensor) => executeOp('Digamma', [typeAttribute('T', 'float32')], [t]));
  expect(() => digamma(x())).toThrow('no shape function for the op Digamma');
  declareOps({ Digamma: ({ inputs }) => inputs.slice(0, 1) });
  const [atOne, atTwo] = digamma(x()).dataSync();
  expect((atTwo ?? NaN) - (atOne ?? NaN)).toBeCloseTo(1, 6);
});
