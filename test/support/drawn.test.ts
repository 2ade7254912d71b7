import { describe, expect, it } from 'vitest';
import { randn, RandomStream } from '../../lib/random';
import { statelessBits, toUniform } from '../random/philox';
import { checkDigest, digest, drawnWeights, projectedError, projections, uniform } from './drawn';
import { fixtureWeights } from './model';

const tensor = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });

describe('drawn numbers', () => {
  const bits = (name: string, count: number) =>
    statelessBits([...new RandomStream(3, name).at(0)], count).map(toUniform);

  it("are Philox's, scaled without rounding", () => {
    const expected = bits('a', 12).map((x) => 4 * x - 2);
    const { shape, data } = uniform(3, 'a', [3, 4], { radius: 2 });
    expect([shape, [...data]]).toEqual([[3, 4], expected]);
    expect(new Set(data).size).toBe(12);
  });

  it('are others for another seed or name', () => {
    const of = (seed: number, name: string) => [...uniform(seed, name, [4], { radius: 1 }).data];
    expect(of(3, 'a')).toEqual(of(3, 'a'));
    expect(of(3, 'b')).not.toEqual(of(3, 'a'));
    expect(of(4, 'a')).not.toEqual(of(3, 'a'));
  });

  it('of weights have the range that their shape and name ask for', () => {
    const shapes = {
      'norm.weight': [5000],
      'norm.bias': [5000],
      matrix: [500, 24],
      one: [5000, 1],
    };
    const state = drawnWeights(0, 'case', { ...shapes, conv: [20, 32, 3, 3] });
    const ranges = [...state].map(([name, { data }]) => [
      name,
      Math.min(...data),
      Math.max(...data),
    ]);
    const near = (x: number) => expect.closeTo(x, 2) as number;
    expect(ranges).toEqual([
      ['norm.weight', near(0.75), near(1.25)],
      ['norm.bias', near(-0.25), near(0.25)],
      ['matrix', near(-0.25), near(0.25)], // 2 / √24 = 0.41
      ['one', near(-2), near(2)],
      ['conv', near(-0.0625), near(0.0625)], // 2 / √288 = 0.12
    ]);
  });
});

describe('the SHA-256', () => {
  it('is that of the names and the bytes, whatever their order', () => {
    const [a, b] = [tensor(1, -2), tensor(0.5)];
    // Of b'a' + np.array([1, -2], '<f4').tobytes() + b'b' + np.array([0.5], '<f4').tobytes(), by hashlib.
    const expected = '6174fb7a06842d6ae35507af8bce6294fd06d66775dc9002eac00052bcb4358a';
    expect(digest(new Map(Object.entries({ a, b })))).toBe(expected);
    expect(digest(new Map(Object.entries({ b, a })))).toBe(expected);
  });

  it('refuses weights of which one has another last bit', () => {
    const weights = fixtureWeights('clip-text-tiny');
    const sha256 = digest(weights);
    const { data } = weights.get('final_layer_norm.weight')!;
    const words = new Int32Array(data.buffer, data.byteOffset, data.length);
    words[7]! ^= 1;
    expect(() => checkDigest(weights, sha256, 'here')).toThrow(
      /^here: the numbers drawn here are not those .*expected [0-9a-f]{64}\).*export_goldens\.py/s,
    );
    words[7]! ^= 1;
    expect(() => checkDigest(weights, sha256, 'here')).not.toThrow();
  });
});

describe('32 projections', () => {
  const SIZE = 4096;
  const normal = (trial: number, name: string) => {
    const drawn = randn([SIZE], new RandomStream(trial, name).at(0));
    const data = drawn.dataSync<'float32'>();
    drawn.dispose();
    return data;
  };
  const norm = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
  const scaled = (x: Float32Array, to: number) => {
    const factor = to / norm(x);
    return x.map((v) => v * factor);
  };
  const sparse = (...entries: [number, number][]) => {
    const x = new Float32Array(SIZE);
    for (const [i, v] of entries) x[i] = v;
    return x;
  };
  /** The estimate for a gradient with an error of this share of its norm. */
  const estimate = (trial: number, share: number, error: (g: Float32Array) => Float32Array) => {
    const gradient = normal(trial, 'gradient');
    const added = scaled(error(gradient), share * norm(gradient));
    const wrong = gradient.map((v, i) => v + added[i]!);
    const of = (x: Float32Array) => projections(trial, 'signs', x);
    return projectedError(of(wrong), { norm: norm(gradient), projections: of(gradient) });
  };

  it.each<[string, (trial: number) => (g: Float32Array) => Float32Array]>([
    ['in one number', (trial) => () => sparse([trial, 1])],
    ['in two numbers', (trial) => () => sparse([trial, 1], [trial + 9, -1])],
    ['in three numbers', (trial) => () => sparse([trial, 1], [trial + 1, 0.5], [4000, 0.5])],
    ['everywhere', (trial) => () => normal(trial, 'error')],
    ['of the scale', () => (g) => g],
    ['of the order: neighbours changed over', () => (g) => g.map((v, i) => g[i ^ 1]! - v)],
    ['of one row of a matrix', (trial) => (g) => g.map((v, i) => (i >> 6 === trial % 64 ? v : 0))],
    ['of a constant', () => (g) => g.map(() => 1)],
  ])('find an error of 1e-4 of the norm each time: %s', (_, error) => {
    for (let trial = 0; trial < 150; trial++) {
      expect(estimate(trial, 1e-4, error(trial))).toBeGreaterThan(3e-5);
    }
  });

  it('let rounding pass', () => {
    for (let trial = 0; trial < 50; trial++) {
      expect(estimate(trial, 1e-5, () => normal(trial, 'error'))).toBeLessThan(3e-5);
    }
  });

  it('tell the size of an error: χ² with 32 degrees of freedom', () => {
    const trials = 400;
    const squares = Array.from({ length: trials }, (_, trial) => {
      return (estimate(trial, 1e-2, () => normal(trial, 'error')) / 1e-2) ** 2;
    });
    const mean = squares.reduce((sum, x) => sum + x, 0) / trials;
    const variance = squares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / trials;
    // Five standard errors: the variance is 2 / 32, and is itself known to √(2.375 / trials) of it.
    expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(2 / 32 / trials));
    expect(Math.abs(variance * 16 - 1)).toBeLessThan(5 * Math.sqrt(2.375 / trials));
  });

  it('let no missing number pass', () => {
    const expected = { norm: 1, projections: projections(0, 'signs', normal(0, 'gradient')) };
    expect(projectedError(new Float64Array(32).fill(NaN), expected)).toBeNaN();
    expect(projectedError(expected.projections, { norm: 1, projections: [] })).toBeNaN();
  });
});
