import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit, JitError, JitSession, partSizes, threadsOfHalf } from '../../lib/jit';
import { sessionConfig } from '../../lib/jit/session-config';

const threads = (): number => readdirSync('/proc/self/task').length;
const matrix = (seed: number) => tf.randomNormal([200, 300], 0, 1, 'float32', seed);
const double = (x: tf.Tensor) => tf.mul(x, 2);

/** How many threads the process has more after a call that makes a session, and after its disposal. */
function threadsOf(f: ReturnType<typeof jit<typeof double>>): [loaded: number, disposed: number] {
  const before = threads();
  tf.tidy(() => void f(tf.ones([4])).dataSync());
  const loaded = threads() - before;
  f.dispose();
  return [loaded, threads() - before];
}

afterEach(() => {
  tf.disposeVariables();
});

describe('intraOpParallelismThreads', () => {
  it('gives a session threads of its own, and the next one TensorFlow’s own choice', () => {
    threadsOf(jit(double)); // those that all sessions share
    for (const wanted of [1, 3, 5]) {
      expect(threadsOf(jit(double, { intraOpParallelismThreads: wanted }))).toEqual([wanted, 0]);
      const session = new JitSession({ intraOpParallelismThreads: wanted });
      expect(threadsOf(jit(double, { session }))).toEqual([wanted, 0]);
    }
    expect(threadsOf(jit(double))).toEqual([availableParallelism(), 0]);
  });

  it('changes no result', () => {
    const product = (a: tf.Tensor, b: tf.Tensor) => tf.matMul(tf.relu(a), b, false, true);
    const [a, b] = [matrix(1), matrix(2)];
    const expected = product(a, b);
    for (const intraOpParallelismThreads of [1, 3, undefined]) {
      const traced = jit(product, { intraOpParallelismThreads });
      expect(traced(a, b).dataSync()).toBeCloseToMax(expected.dataSync(), 1e-6);
      traced.dispose();
    }
  });

  it.each([0, -1, 1.5, NaN, Infinity])('refuses %s', (wanted) => {
    const message = `Expected intraOpParallelismThreads to be a whole number above 0, got ${wanted}.`;
    const options = { intraOpParallelismThreads: wanted };
    expect(() => new JitSession(options)).toThrow(new JitError(message));
    expect(() => jit(double, options)).toThrow(new JitError(message));
  });

  it.each([{ intraOpParallelismThreads: 1 }, { metaOptimizer: false }])(
    'refuses a session along with %j, which it is given already',
    (own) => {
      const [option] = Object.keys(own);
      const options = { session: new JitSession(), ...own };
      const message = `Pass ${option} to new JitSession(), not along with one.`;
      expect(() => jit(double, options)).toThrow(new JitError(message));
    },
  );
});

describe('metaOptimizer', () => {
  // ConfigProto(intra_op_parallelism_threads=…, graph_options=GraphOptions(rewrite_options=RewriterConfig(
  // disable_meta_optimizer=True))).SerializeToString() in Python
  it.each([
    [{}, false, '52055203980101'],
    [{ intraOpParallelismThreads: 3 }, false, '100352055203980101'],
    [{ intraOpParallelismThreads: 3, metaOptimizer: true }, false, '1003'],
    [{}, true, ''],
    [{ intraOpParallelismThreads: 3 }, true, ''],
    [{ metaOptimizer: false }, true, '52055203980101'],
  ])('%j, on a GPU: %s: the session gets %s', (options, isUsingGpuDevice, hex) => {
    expect(Buffer.from(sessionConfig(options, isUsingGpuDevice)).toString('hex')).toBe(hex);
  });

  it('changes no result', () => {
    const step = (a: tf.Tensor, b: tf.Tensor) =>
      tf.grads((x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.relu(tf.matMul(x, y, false, true))))([
        a,
        b,
      ]);
    const [a, b] = [matrix(1), matrix(2)];
    const expected = step(a, b);
    for (const metaOptimizer of [false, true]) {
      const traced = jit(step, { metaOptimizer });
      traced(a, b).forEach((gradient, i) => {
        expect(gradient.dataSync()).toBeCloseToMax(expected[i]!.dataSync(), 1e-6);
      });
      traced.dispose();
    }
  });
});

describe('partSizes', () => {
  const tracedSizes = (size: number): number[] => {
    let sizes: number[] = [];
    const f = jit((x: tf.Tensor) => {
      sizes = partSizes(size);
      return tf.add(x, 1);
    });
    f.compile(tf.zeros([1]));
    f.dispose();
    return sizes;
  };
  const hasCores = availableParallelism() > 1;

  it('halves what is traced, if there are cores for two', () => {
    expect(threadsOfHalf()).toBe(hasCores ? Math.floor(availableParallelism() / 2) : undefined);
    expect(tracedSizes(8)).toEqual(hasCores ? [4, 4] : [8]);
    expect(tracedSizes(5)).toEqual(hasCores ? [3, 2] : [5]);
    expect(tracedSizes(1)).toEqual([1]);
  });

  it('leaves whole what runs op by op', () => {
    expect(partSizes(8)).toEqual([8]);
  });
});
