/** Random numbers for backends without kernels of them, against TensorFlow's. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasKernel, tf } from '../../lib/backend';
import { permutation, rand, randint, randn, type RandomKey } from '../../lib/random';
import { normal, uniform, uniformInt } from '../../lib/random/philox';
import { statelessBits, toUniform } from './philox';

const KEYS: (readonly [number, number])[] = [
  [0, 0],
  [1, 2],
  [-7, 3],
  [-1, -1],
  [2 ** 31 - 1, -(2 ** 31)],
  [123_456_789, -987_654_321],
];
const COUNTS = [0, 1, 2, 3, 4, 5, 1001];

function numbers(tensor: tf.Tensor): Float32Array | Int32Array {
  const values = tensor.dataSync<'float32' | 'int32'>();
  tensor.dispose();
  return values;
}

describe.each(KEYS)('of the key (%i, %i)', (...key) => {
  it.each(COUNTS)('%i uniform ones are equal to the bit', (count) => {
    expect(uniform(key, count)).toEqual(numbers(rand([count], key)));
  });

  it.each([
    [0, 1000],
    [-5, 7],
    [3, 4],
    [0, 2 ** 31 - 1],
    [-(2 ** 31), 2 ** 31 - 1],
  ])('integers from %i to below %i are equal', (low, high) => {
    for (const count of COUNTS) {
      expect(uniformInt(key, count, low, high)).toEqual(numbers(randint([count], low, high, key)));
    }
  });

  it('normal ones are within 5e-7, and nearly all equal to the bit', () => {
    for (const count of [...COUNTS, 20_000]) {
      const [plain, expected] = [normal(key, count), numbers(randn([count], key))];
      expect(plain).toHaveLength(count);
      const differences = plain.map((x, i) => Math.abs(x - expected[i]!));
      expect(differences.every((difference) => difference < 5e-7)).toBe(true);
      const unequal = differences.filter((difference) => difference > 0).length;
      if (count === 20_000) expect(unequal / count).toBeLessThan(0.02);
    }
  });

  it('are made of the words of the reference', () => {
    expect([...uniform(key, 10)]).toEqual(statelessBits(key, 10).map(toUniform));
  });
});

describe('on a backend without the kernels', () => {
  const key: RandomKey = [11, -5];
  beforeEach(() => void tf.setBackend('cpu'));
  afterEach(() => void tf.setBackend('tensorflow'));

  /** The same on both backends. */
  function both<T>(run: () => T): [plain: T, tensorFlow: T] {
    expect(hasKernel('StatelessRandomNormal')).toBe(false);
    const plain = run();
    void tf.setBackend('tensorflow');
    expect(hasKernel('StatelessRandomNormal')).toBe(true);
    return [plain, run()];
  }

  it('have the same shape, dtype and values', () => {
    const [plain, expected] = both(() =>
      [
        rand([2, 3], key),
        randint([5], -3, 9, key),
        randn([], key),
        randint([0, 4], 0, 9, key),
        randn([2, 2, 2], key),
      ].map((tensor) => ({ shape: tensor.shape, dtype: tensor.dtype, values: numbers(tensor) })),
    );
    plain.forEach(({ shape, dtype, values }, i) => {
      expect([shape, dtype]).toEqual([expected[i]!.shape, expected[i]!.dtype]);
      expect(values).toBeCloseToMax(expected[i]!.values, 5e-7);
    });
  });

  it('take a key in a tensor', () => {
    const [plain, expected] = both(() =>
      tf.tidy(() => rand([7], tf.tensor1d([...key], 'int32')).dataSync()),
    );
    expect(plain).toEqual(expected);
    expect(plain).toEqual(numbers(rand([7], key)));
  });

  it('give the same order', () => {
    const [plain, expected] = both(() => permutation(100, key));
    expect(plain).toEqual(expected);
  });

  it('leave no tensor behind', () => {
    expect(() =>
      tf.dispose([rand([2], key), randn([2], key), randint([2], 0, 9, key)]),
    ).toLeakNothing();
  });
});
