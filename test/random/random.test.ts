import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';
import {
  Generator,
  permutation,
  rand,
  randint,
  randn,
  RandomStream,
  type RandomKey,
  type StreamName,
} from '../../lib/random';
import { philox, statelessBits, toNormals, toUniform } from './philox';

/** The numbers of a tensor, which is disposed. */
function numbers(tensor: tf.Tensor): number[] {
  const values = [...tensor.dataSync()];
  tensor.dispose();
  return values;
}

const STREAMS: StreamName[] = ['init', 'data', 'noise', 'timesteps', 'dropout', 'sampling'];
const KEYS: [number, number][] = [
  [1, 2],
  [-7, 3],
  [2 ** 31 - 1, -(2 ** 31)],
];

it("the reference gives its authors' numbers", () => {
  // Known answers of Random123's kat_vectors for philox4x32, 10 rounds.
  expect(philox([0n, 0n, 0n, 0n], [0n, 0n])).toEqual([
    0x6627e8d5n,
    0xe169c58dn,
    0xbc57ac4cn,
    0x9b00dbd8n,
  ]);
});

describe.each(KEYS)('the numbers of the key (%i, %i) are those of Philox', (...key) => {
  it('rand', () => {
    const expected = statelessBits(key, 10).map(toUniform);
    expect(numbers(rand([2, 5], key))).toEqual(expected);
  });

  it('randint', () => {
    const expected = statelessBits(key, 10).map((bits) => -3 + (bits % 1000));
    expect(numbers(randint([10], -3, 997, key))).toEqual(expected);
  });

  it('randn', () => {
    const bits = statelessBits(key, 10);
    const pairs = [0, 2, 4, 6, 8].flatMap((i) => toNormals(bits[i]!, bits[i + 1]!));
    expect(numbers(randn([5, 2], key))).toBeCloseToMax(pairs, 1e-6);
  });

  it('a key in a tensor gives the same', () => {
    const tensor = tf.tensor1d(key, 'int32');
    expect(numbers(randn([4], tensor))).toEqual(numbers(randn([4], key)));
    tensor.dispose();
  });
});

describe('numbers', () => {
  const key: RandomKey = [11, 5];

  it('are uniform in [0, 1), normal, and integers from low to high − 1', () => {
    const n = 100_000;
    const moments = (values: number[]) => {
      const mean = values.reduce((sum, x) => sum + x, 0) / n;
      return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n };
    };
    const uniform = numbers(rand([n], key));
    expect(Math.min(...uniform.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform.slice(0, 50_000))).toBeLessThan(1);
    // Five standard errors.
    expect(Math.abs(moments(uniform).mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(moments(uniform).variance - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / n));
    const normal = moments(numbers(randn([n], key)));
    expect(Math.abs(normal.mean)).toBeLessThan(5 * Math.sqrt(1 / n));
    expect(Math.abs(normal.variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
  });

  it('of randint cover every value, both ends included', () => {
    const timesteps = new Set(numbers(randint([20_000], 0, 1000, key)));
    expect([timesteps.size, Math.min(...timesteps), Math.max(...timesteps)]).toEqual([
      1000, 0, 999,
    ]);
    expect(new Set(numbers(randint([100], -1, 1, key)))).toEqual(new Set([-1, 0]));
    expect(numbers(randint([3], 7, 8, key))).toEqual([7, 7, 7]);
  });

  it('have the dtype and shape that were asked for', () => {
    const drawn = [rand([2, 3], key), randn([], key), randint([0, 4], 0, 9, key)];
    expect(drawn.map(({ dtype, shape }) => [dtype, shape])).toEqual([
      ['float32', [2, 3]],
      ['float32', []],
      ['int32', [0, 4]],
    ]);
    tf.dispose(drawn);
  });

  it('leave no tensor behind', () => {
    expect(() =>
      tf.dispose([rand([2], key), randn([2], key), randint([2], 0, 9, key)]),
    ).toLeakNothing();
    expect(() => permutation(10, key)).toLeakNothing();
  });

  it.each([
    [0, 0],
    [5, 3],
    [0, 1.5],
    [NaN, 3],
    [0, Infinity],
    [0, 2 ** 31],
    [0, 2 ** 32 + 5],
    [-(2 ** 31) - 1, 0],
  ])('of randint(%d, %d) are refused', (low, high) => {
    expect(() => randint([1], low, high, key)).toThrow(
      `randint: expected int32 numbers low < high, got low ${low}, high ${high}.`,
    );
  });
});

describe('permutation', () => {
  it.each([0, 1, 2, 1000])('of %i has each number once', (n) => {
    const order = permutation(n, [1, 2]);
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
  });

  it('is the same for a key and another for others', () => {
    expect(permutation(50, [1, 2])).toEqual(permutation(50, [1, 2]));
    expect(permutation(50, [1, 2])).not.toEqual(permutation(50, [1, 3]));
    expect(permutation(50, [1, 2])).not.toEqual(permutation(50, [2, 2]));
  });

  it('puts every number first about as often', () => {
    const counts = new Array<number>(4).fill(0);
    for (let i = 0; i < 2000; i++) counts[permutation(4, [9, i])[0]!]! += 1;
    // Five standard deviations of a count: √(2000 · ¼ · ¾) = 19.4.
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(5 * 19.4);
  });
});

describe('Generator', () => {
  it('gives the same numbers for a seed, whatever ran before', () => {
    const draw = (before: () => void) => {
      const generator = new Generator(42);
      before();
      const stream = generator.stream('noise');
      return [stream.next(), stream.next()].map((key) => numbers(randn([3], key)));
    };
    const first = draw(() => undefined);
    const second = draw(() => {
      const other = new Generator(42);
      for (const name of STREAMS) numbers(randn([100], other.stream(name).next()));
      numbers(tf.randomNormal([5]));
      Math.random();
    });
    expect(second).toEqual(first);
    expect(first[0]).not.toEqual(first[1]);
  });

  it('has streams that do not move each other', () => {
    const generator = new Generator(7);
    const noise = generator.stream('noise');
    const key = noise.at(0);
    for (const name of STREAMS) if (name !== 'noise') generator.stream(name).next();
    expect(noise.position).toBe(0);
    expect(noise.next()).toEqual(key);
    expect([noise.position, generator.stream('noise')]).toEqual([1, noise]);
  });

  it('has streams, seeds and positions whose numbers are not related', () => {
    const n = 10_000;
    const sequences = [1, 2, 2 ** 32 + 1].flatMap((seed) =>
      STREAMS.flatMap((name) => {
        const stream = new RandomStream(seed, name);
        return [0, 1].map((position) => numbers(randn([n], stream.at(position))));
      }),
    );
    for (const [i, a] of sequences.entries()) {
      for (const b of sequences.slice(i + 1)) {
        const correlation = a.reduce((sum, x, k) => sum + x * b[k]!, 0) / n;
        expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(n)); // five standard errors
      }
    }
  });

  it('looks a key up without moving on', () => {
    const stream = new Generator(1).stream('data');
    const ahead = stream.at(2);
    expect(stream.position).toBe(0);
    stream.next();
    stream.next();
    expect(stream.next()).toEqual(ahead);
    stream.position = 2; // all of its state
    expect(stream.next()).toEqual(ahead);
  });

  it('does not move on inside a traced function', () => {
    const stream = new Generator(1).stream('noise');
    const noisy = jit((x: tf.Tensor1D) => tf.add(x, randn<tf.Rank.R1>([2], stream.next())));
    tf.tidy(() => {
      expect(() => noisy(tf.zeros([2]))).toThrow(/'noise' cannot move on inside a traced function/);
    });
    expect(stream.position).toBe(0);
    noisy.dispose();
  });

  it.each([-1, 1.5, NaN, 2 ** 53, Infinity])('refuses the seed %d', (seed) => {
    expect(() => new Generator(seed)).toThrow(
      `expected an integer seed from 0 to 2^53 − 1, got ${seed}`,
    );
  });
});
