import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit, JitSession } from '../../lib/jit';
import { typeAttribute, updateInPlace, useFusedOps } from '../../lib/backend/node';

afterEach(() => {
  tf.disposeVariables();
});

const values = (tensor: tf.Tensor): number[] => [...tensor.dataSync()];

function counts() {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  return { numTensors, numDataBuffers, numBytes };
}

/** A counter that adds its argument, and a reader of it. */
function counter(session?: JitSession) {
  const total = tf.variable(tf.tensor1d([1, 2]));
  const options = session ? { session } : {};
  const add = jit((x: tf.Tensor) => total.assign(tf.add(total, x)), { name: 'add', ...options });
  const twice = jit((x: tf.Tensor) => tf.mul(tf.mul(total, x), 2), { name: 'twice', ...options });
  return { total, add, twice };
}

describe.each(["the library's ops", "TensorFlow's ops"])('variables by %s', (ops) => {
  beforeAll(() => useFusedOps(ops === "the library's ops"));
  afterAll(() => useFusedOps(true));

  describe.each(['sessions of their own', 'one session'])(
    'variables shared by functions in %s',
    (how) => {
      const make = () => counter(how === 'one session' ? new JitSession() : undefined);

      it('show their value outside without being asked', () => {
        const { total, add } = make();
        const ten = tf.scalar(10);
        add(ten);
        expect(values(total)).toEqual([11, 12]);
        add(ten);
        add(ten);
        expect(values(tf.mul(total, 1))).toEqual([31, 32]);
        expect(values(total)).toEqual([31, 32]);
      });

      it('show their value in the other function', () => {
        const { add, twice } = make();
        const ten = tf.scalar(10);
        const one = tf.scalar(1);
        expect(values(twice(one))).toEqual([2, 4]);
        add(ten);
        expect(values(twice(one))).toEqual([22, 24]);
        add(ten);
        add(ten);
        expect(values(twice(one))).toEqual([62, 64]);
      });

      it('take what is assigned outside', () => {
        const { total, add, twice } = make();
        const one = tf.scalar(1);
        add(one);
        total.assign(tf.tensor1d([100, 200]));
        add(one);
        expect(values(twice(one))).toEqual([202, 402]);
        expect(values(total)).toEqual([101, 201]);
      });

      it('leave older values alone that something else still holds', () => {
        const { total, add } = make();
        const one = tf.scalar(1);
        const before = total.clone();
        add(one);
        const between = total.clone();
        add(one);
        add(one);
        expect(values(before)).toEqual([1, 2]);
        expect(values(between)).toEqual([2, 3]);
        expect(values(total)).toEqual([4, 5]);
        const held = total.clone();
        total.assign(tf.tensor1d([0, 0]));
        add(one);
        expect(values(held)).toEqual([4, 5]);
        expect(values(total)).toEqual([1, 1]);
      });

      it('keep their value when the functions are disposed, and can be used on', () => {
        const { total, add, twice } = make();
        const one = tf.scalar(1);
        add(one);
        add.dispose();
        expect(values(total)).toEqual([2, 3]);
        add(one);
        twice(one);
        twice.dispose();
        add.dispose();
        expect(values(total)).toEqual([3, 4]);
      });
    },
  );

  it('keeps variables apart that start from the same tensor', () => {
    const start = tf.tensor1d([1, 2]);
    const weight = tf.variable(start);
    const average = tf.variable(start);
    const step = jit((x: tf.Tensor) => {
      weight.assign(tf.mul(weight, x));
      average.assign(tf.add(tf.mul(average, 0.5), tf.mul(weight, 0.5)));
    });
    step(tf.scalar(3));
    expect(values(weight)).toEqual([3, 6]);
    expect(values(average)).toEqual([2, 4]);
    const copy = jit((x: tf.Tensor) => {
      average.assign(weight);
      weight.assign(tf.mul(weight, x));
    });
    copy(tf.scalar(2));
    expect(values(average)).toEqual([3, 6]);
    expect(values(weight)).toEqual([6, 12]);
    expect(values(start)).toEqual([1, 2]);
  });

  it('swaps two variables', () => {
    const a = tf.variable(tf.scalar(1));
    const b = tf.variable(tf.scalar(2));
    const swap = jit((x: tf.Tensor) => {
      const old = tf.add<tf.Scalar>(a, 0);
      a.assign(b);
      b.assign(old);
      return tf.add(a, x);
    });
    expect(values(swap(tf.scalar(10)))).toEqual([12]);
    expect([values(a), values(b)]).toEqual([[2], [1]]);
  });

  it('assigns a variable that it never reads, even a constant', () => {
    const a = tf.variable(tf.tensor1d([5, 5]));
    const reset = jit((x: tf.Tensor) => {
      a.assign(tf.zeros([2]));
      return x;
    });
    expect(values(reset(tf.scalar(1)))).toEqual([1]);
    expect(values(a)).toEqual([0, 0]);
    a.assign(tf.tensor1d([7, 7]));
    expect(values(a)).toEqual([7, 7]);
    reset(tf.scalar(1));
    expect(values(a)).toEqual([0, 0]);
  });

  it('loads many variables that changed outside in one run', () => {
    const variables = Array.from({ length: 10 }, (_, i) => tf.variable<tf.Rank>(tf.scalar(i)));
    const sum = jit((x: tf.Tensor) => {
      variables.slice(0, 5).forEach((variable) => variable.assign(tf.add(variable, x)));
      return tf.addN(variables.map((variable) => tf.mul(variable, 1)));
    });
    expect(values(sum(tf.scalar(1)))).toEqual([50]);
    variables.slice(4).forEach((variable, i) => variable.assign(tf.scalar(i)));
    expect(values(sum(tf.scalar(0)))).toEqual([1 + 2 + 3 + 4 + (0 + 1 + 2 + 3 + 4 + 5)]);
    sum.push();
    sum.pull();
    expect(variables.map((v) => values(v)[0])).toEqual([1, 2, 3, 4, 0, 1, 2, 3, 4, 5]);
  });

  it('reports a disposed variable', () => {
    const { total, add } = counter();
    add(tf.scalar(1));
    total.dispose();
    expect(() => add(tf.scalar(1))).toThrow('variable that add uses was disposed');
  });

  it.each<[what: string, body: (v: tf.Variable, x: tf.Tensor) => tf.Tensor, throws?: string]>([
    ['is read', (v, x) => tf.mul(v, x)],
    ['is not read', (_, x) => tf.mul(x, 2)],
    ['is kept as a clone', (v, x) => tf.add(v.clone(), tf.mul(v, x))],
    ['has a gradient', (v, x) => tf.grad((y: tf.Tensor) => tf.sum(tf.mul(tf.square(v), y)))(x)],
    [
      'is assigned',
      (v, x) => {
        v.assign(tf.mul(v, x));
        v.assign(tf.add(v, 1));
        return tf.mul(v, x);
      },
    ],
    [
      'is assigned another',
      (v, x) => {
        const other = Object.values(tf.engine().registeredVariables).find((w) => w !== v)!;
        v.assign(other);
        return tf.add(v, x);
      },
    ],
    [
      'is updated in place',
      (v, x) => {
        const T = typeAttribute('T', 'float32');
        updateInPlace('ResourceApplyGradientDescent', [v], [tf.scalar(1), x], [T]);
        return tf.mul(v, x);
      },
    ],
    [
      'is read by what throws',
      (v, x) => {
        v.assign(tf.mul(v, x));
        throw new Error('enough');
      },
      'enough',
    ],
  ])(
    'counts tensors and bytes as before, when a variable %s while it is traced',
    (_, body, throws) => {
      const [v] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([3, 4]))];
      const x = tf.tensor1d([5, 6]);
      const step = jit((y: tf.Tensor) => body(v, y));
      const before = counts();
      const compile = () => step.compile(x);
      if (throws) expect(compile).toThrow(throws);
      else compile();
      expect(counts()).toEqual(before);
      expect(values(v)).toEqual([1, 2]);
      step.dispose();
    },
  );

  it('frees a variable that is disposed while it is traced', () => {
    const before = counts();
    const v = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    const x = tf.scalar(2);
    const step = jit((y: tf.Tensor) => {
      const twice = tf.mul(v, y);
      v.dispose();
      return twice;
    });
    step.compile(x);
    tf.dispose(x);
    step.dispose();
    expect(counts()).toEqual(before);
  });

  it('holds large captured tensors in the session and lets go of them', () => {
    const data = tf.randomUniform([100, 100]);
    const expected = values(tf.mul(data, 2));
    const before = tf.memory().numTensors;
    const twice = jit((x: tf.Tensor) => tf.mul(data, x));
    const two = tf.scalar(2);
    const result = twice(two);
    expect(result.dataSync()).toBeCloseToMax(expected, 0);
    result.dispose();
    twice.dispose();
    two.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes in a function with variables of its own while others are away in the session', () => {
    const session = new JitSession();
    const [a, b] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(10))];
    const first = jit((x: tf.Scalar) => a.assign(tf.add(a, x)), { session });
    const second = jit((x: tf.Scalar) => b.assign(tf.add<tf.Scalar>(tf.add(a, b), x)), { session });
    first(tf.scalar(1));
    second(tf.scalar(100));
    first(tf.scalar(1));
    expect([values(a), values(b)]).toEqual([[3], [112]]);
  });

  it('drops a graph from a shared session and keeps the others', () => {
    const session = new JitSession();
    const total = tf.variable(tf.zeros([1]));
    const add = jit((x: tf.Tensor) => total.assign(tf.add(total, tf.sum(x, 0, true))), {
      session,
      cacheSize: 1,
    });
    const show = jit((x: tf.Tensor) => tf.mul(total, x), { session });
    for (const size of [1, 2, 3]) {
      add(tf.ones([size]));
      expect(values(show(tf.scalar(1)))).toEqual([(size * (size + 1)) / 2]);
    }
    add.dispose();
    expect(values(show(tf.scalar(2)))).toEqual([12]);
    show.dispose();
    expect(values(total)).toEqual([6]);
  });

  it('goes on with a shared session after a variable of another function was disposed', () => {
    const session = new JitSession();
    const [kept, gone] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(2))];
    const use = jit((x: tf.Scalar) => kept.assign(tf.add(kept, x)), { session });
    const other = jit((x: tf.Scalar) => gone.assign(tf.add(gone, x)), { session });
    use(tf.scalar(1));
    other(tf.scalar(1));
    gone.dispose();
    use(tf.scalar(1));
    expect(values(kept)).toEqual([3]);
    const late = jit((x: tf.Tensor) => tf.add(kept, x), { session });
    expect(values(late(tf.scalar(1)))).toEqual([4]);
    expect(() => other(tf.scalar(1))).toThrow('was disposed');
  });
});
