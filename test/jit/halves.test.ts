import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { inHalves, jit, JitError, type TensorTree } from '../../lib/jit';

afterEach(() => {
  tf.disposeVariables();
});

const isCut = availableParallelism() > 1;
const rows = (...shape: number[]) => tf.randomNormal(shape, 0, 1, 'float32', 3);

/** The batch sizes that the function sees while it is traced for this batch. */
function sizesOf(batch: number, fn: (x: tf.Tensor) => tf.Tensor = (x) => tf.add(x, 1)): number[] {
  const sizes: number[] = [];
  const traced = jit((x: tf.Tensor) =>
    inHalves((part: tf.Tensor) => {
      sizes.push(part.shape[0]!);
      return fn(part);
    }, x),
  );
  tf.tidy(() => void traced(rows(batch, 2)));
  traced.dispose();
  return sizes;
}

describe('inHalves', () => {
  it.each([
    [8, [4, 4]],
    [5, [3, 2]],
    [2, [1, 1]],
    [1, [1]],
  ])('cuts a batch of %i into %j while a function is traced', (batch, sizes) => {
    expect(sizesOf(batch)).toEqual(isCut ? sizes : [batch]);
  });

  it('leaves whole what runs op by op, and passes the record itself', () => {
    const record = { x: rows(8, 2), none: null };
    const seen: TensorTree[] = [];
    const result = inHalves((part: typeof record) => {
      seen.push(part);
      return part.x;
    }, record);
    expect(seen).toEqual([record]);
    expect(result).toBe(record.x);
    record.x.dispose();
  });

  it('cuts no half again', () => {
    const inner: number[] = [];
    sizesOf(8, (x) =>
      inHalves((part: tf.Tensor) => {
        inner.push(part.shape[0]!);
        return tf.mul(part, 2);
      }, x),
    );
    expect(inner).toEqual(isCut ? [4, 4] : [8]);
    expect(sizesOf(4)).toEqual(isCut ? [2, 2] : [4]); // the next one is cut as ever
  });

  it.each([8, 5, 2, 1])('gives what the function gives for the whole, for %i rows', (batch) => {
    const [x, ids] = [rows(batch, 3), tf.range(0, batch, 1, 'int32')];
    type Given = { x: tf.Tensor; nested: readonly [{ ids: tf.Tensor }, undefined]; none: null };
    const fn = ({ x, nested: [{ ids }], none }: Given) => ({
      loss: tf.mean(tf.square(x)) as tf.Scalar,
      rows: [tf.mul(x, 2), tf.add(ids, 1)] as const,
      none,
    });
    const record: Given = { x, nested: [{ ids }, undefined], none: null };
    const traced = jit((given: Given) => inHalves(fn, given));
    const [actual, expected] = [traced(record), fn(record)];
    expect(actual.loss.dataSync()).toBeCloseToMax(expected.loss.dataSync(), 1e-6);
    expect(actual.loss.shape).toEqual([]);
    expect(actual.rows[0].dataSync()).toEqual(expected.rows[0].dataSync());
    expect([...actual.rows[1].dataSync()]).toEqual([...expected.rows[1].dataSync()]);
    expect(actual.none).toBeNull();
    tf.dispose([actual.loss, ...actual.rows, expected.loss, ...expected.rows, x, ids]);
    traced.dispose();
  });

  it('has the gradient of the whole', () => {
    const w = tf.variable(rows(3, 4));
    const loss = (x: tf.Tensor) =>
      tf.mean(tf.square(tf.matMul(x as tf.Tensor2D, w as unknown as tf.Tensor2D))) as tf.Scalar;
    const gradient = (f: () => tf.Scalar) => tf.variableGrads(f, [w]).grads[w.name]!;
    const traced = jit((x: tf.Tensor) => gradient(() => inHalves(loss, x)));
    const x = rows(5, 3);
    const expected = tf.tidy(() => gradient(() => loss(x)));
    expect(traced(x).dataSync()).toBeCloseToMax(expected.dataSync(), 1e-6);
    tf.dispose([expected, x]);
    traced.dispose();
  });

  it('leaves no tensor behind', () => {
    const traced = jit((x: tf.Tensor) => inHalves((part: tf.Tensor) => tf.mul(part, 2), x));
    const x = rows(5, 3);
    expect(() => traced(x).dispose()).toLeakNothing();
    expect(() => {
      traced.dispose();
      traced.compile(x);
    }).toLeakNothing();
    x.dispose();
    traced.dispose();
  });

  it.each([
    [
      'batches of two sizes',
      () => ({ image: rows(4, 2), noise: rows(3, 2) }),
      'inHalves: expected tensors with the same first axis, the batch, got image [4, 2], noise [3, 2].',
    ],
    ['a scalar', () => [rows(4), tf.scalar(1)], 'got [0] [4], [1] [].'],
    ['no tensor', () => ({ none: null }), 'inHalves: expected a record with a tensor, got none.'],
    ['a number', () => ({ scale: 3 }), 'Expected record scale to be a tensor, got a number.'],
  ])('refuses %s, traced or not', (_, make, message) => {
    tf.tidy(() => {
      const record = make();
      const call = () => inHalves((part) => part, record);
      expect(call).toThrow(JitError);
      expect(call).toThrow(message);
      const traced = jit((x: tf.Tensor) => {
        call();
        return tf.add(x, 1);
      });
      expect(() => traced(rows(1))).toThrow(message);
    });
  });

  it.runIf(isCut)(
    'refuses a result that is one thing for one half and another for the other',
    () => {
      let calls = 0;
      const traced = jit((x: tf.Tensor) =>
        inHalves((part: tf.Tensor): TensorTree => (calls++ === 0 ? part : [part]), x),
      );
      tf.tidy(() => {
        expect(() => traced(rows(4))).toThrow('results of the same structure for both halves');
      });
      expect(sizesOf(4)).toEqual([2, 2]); // nothing is left of the failure
    },
  );
});
