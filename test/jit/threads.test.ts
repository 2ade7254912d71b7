import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { inHalves, jit, JitError, JitSession } from '../../lib/jit';
import { sessionConfig } from '../../lib/backend/node/graph/session-config';

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
  // ConfigProto(intra_op_parallelism_threads=…, graph_options=GraphOptions(optimizer_options=OptimizerOptions(
  // opt_level=OptimizerOptions.L0), rewrite_options=RewriterConfig(disable_meta_optimizer=True))).SerializeToString() in Python
  const none = '52121a0b18ffffffffffffffffff015203980101';
  it.each([
    [{}, false, none],
    [{ intraOpParallelismThreads: 3 }, false, `1003${none}`],
    [{ intraOpParallelismThreads: 3, metaOptimizer: true }, false, '1003'],
    [{}, true, ''],
    [{ intraOpParallelismThreads: 3 }, true, ''],
    [{ metaOptimizer: false }, true, none],
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

describe('a session whose graphs compute halves', () => {
  const cores = availableParallelism();
  const half = Math.max(1, Math.floor(cores / 2));
  const halved = (x: tf.Tensor) => inHalves(double, x);

  it('gives half of the cores to each op, whatever the batch', () => {
    threadsOf(jit(double)); // those that all sessions share
    expect(threadsOf(jit(halved))).toEqual([half, 0]);
    const single = jit(halved);
    const before = threads();
    tf.tidy(() => void single(tf.ones([1])).dataSync());
    expect(threads() - before).toBe(half);
    single.dispose();
  });

  it('has as many as it was told, if it was', () => {
    expect(threadsOf(jit(halved, { intraOpParallelismThreads: 3 }))).toEqual([3, 0]);
  });

  it('has them from the first run of such a graph on', () => {
    const session = new JitSession();
    const [whole, cut] = [jit(double, { session }), jit(halved, { session })];
    expect(threadsOf(whole)).toEqual([cores, 0]);
    const before = threads();
    tf.tidy(() => void cut(tf.ones([4])).dataSync());
    expect(threads() - before).toBe(half);
    cut.dispose();
  });
});
