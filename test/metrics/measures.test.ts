/** Against numpy, scipy, scikit-learn and prdc; see scripts/export_evaluation_goldens.py. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { squaredDistances, type Features } from '../../lib/metrics/features';
import { frechetDistance, frechetStandardError } from '../../lib/metrics/frechet';
import { kernelDistance } from '../../lib/metrics/kernel-distance';
import { memorisation, nearestRows } from '../../lib/metrics/memorisation';
import { manifoldMetrics, withinClassDistance } from '../../lib/metrics/manifold';
import { retrieval } from '../../lib/metrics/retrieval';
import { wilson } from '../../lib/metrics/wilson';
import { promptedAccuracy } from '../../lib/mnist/evaluation/prompted-accuracy';
import { Generator, randn } from '../../lib/random';
import { goldenFolder, loadGolden } from '../support/golden';

interface Expected {
  readonly frechet: number;
  readonly kid: number;
  readonly kid_same_kind: number;
  readonly prdc: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly within_class: number;
  readonly confusion: number[][];
  readonly wilson: [right: number, of: number, low: number, high: number][];
  readonly recall: [number, number, number];
  readonly memorisation: {
    readonly rows: number[];
    readonly drawn_median: number;
    readonly held_out_median: number;
    readonly copies: number;
  };
}

const golden = loadGolden('evaluation');
const expected = JSON.parse(
  readFileSync(join(goldenFolder('evaluation'), 'expected.json'), 'utf8'),
) as Expected;

function set(name: string, from = 0, to = Infinity): Features {
  const { shape, data } = golden.get(name)!;
  const [rows, width] = shape as [number, number];
  const [start, end] = [from * width, Math.min(to, rows) * width];
  return { length: (end - start) / width, features: (data as Float32Array).slice(start, end) };
}
const digits = (name: string) => Uint8Array.from(golden.get(name)!.data);
const [real, fake] = [set('real'), set('fake')];

it('Fréchet distance: as with scipy.linalg.sqrtm and numpy.cov', () => {
  expect(frechetDistance(real, fake) / expected.frechet).toBeCloseTo(1, 6);
  expect(frechetDistance(fake, real) / expected.frechet).toBeCloseTo(1, 6);
  expect(frechetDistance(real, real)).toBeCloseTo(0, 5);
});

describe('standard error of the Fréchet distance', () => {
  const stream = new Generator(3).stream('sampling');
  const normal = (length: number, mean: number): Features => {
    const tensor = randn([length], stream.next());
    const features = Float32Array.from(tensor.dataSync(), (x) => x + mean);
    tensor.dispose();
    return { length, features };
  };

  it('is that of normal numbers, whose distance is (μ₁ − μ₂)² + (σ₁ − σ₂)²', () => {
    const reference = normal(10_000, 0);
    const errors = Array.from({ length: 50 }, () =>
      frechetStandardError(normal(200, 3), reference, 10),
    );
    const mean = Math.sqrt(errors.reduce((sum, x) => sum + x * x, 0) / errors.length);
    // The derivative by μ₁, 2 · 3, times the mean's own standard error; that by σ₁ is next to nothing.
    expect(Math.abs(mean / (6 / Math.sqrt(200)) - 1)).toBeLessThan(0.1);
  });

  it('is not a number for fewer than two groups', () => {
    expect(frechetStandardError(normal(19, 0), normal(19, 0), 10)).toBeNaN();
    expect(frechetStandardError(normal(20, 0), normal(20, 0), 10)).toBeGreaterThan(0);
    expect(frechetStandardError(normal(3, 0), normal(3, 0))).toBeGreaterThan(0);
  });

  it.each([0, -1, 1.5, NaN])('refuses blocks of %s rows', (blockSize) => {
    const of = () => frechetStandardError(normal(20, 0), normal(20, 0), blockSize);
    expect(of).toThrow(`blockSize to be an integer of 1 or more, got ${blockSize}.`);
  });
});

it('kernel distance: as with polynomial_kernel of scikit-learn', () => {
  expect(kernelDistance(real, fake) / expected.kid).toBeCloseTo(1, 9);
  const halves = kernelDistance(set('real', 0, 100), set('real', 100));
  expect(halves / expected.kid_same_kind).toBeCloseTo(1, 9);
});

it.each([3, 5])('precision, recall, density, coverage with k = %i: as prdc', (k) => {
  const found = manifoldMetrics(real, fake, k);
  for (const [name, value] of Object.entries(expected.prdc[k]!)) {
    expect(found[name as keyof typeof found], name).toBeCloseTo(value, 10);
  }
  expect(found.precision).toBeGreaterThan(0.1);
  expect(found.precision).toBeLessThan(1);
});

it('distance within a class: as scipy.spatial.distance.pdist', () => {
  const found = withinClassDistance(real, digits('labels'));
  expect(found / expected.within_class).toBeCloseTo(1, 10);
});

describe('prompted accuracy', () => {
  it.each(expected.wilson)('Wilson: %i of %i as scipy.stats.binomtest', (right, of, low, high) => {
    const found = wilson(right, of);
    expect([found.low, found.high]).toEqual([
      expect.closeTo(low, 12) as number,
      expect.closeTo(high, 12) as number,
    ]);
    expect(found.share).toBe(right / of);
  });

  it('confusion as sklearn.metrics.confusion_matrix, shares by row', () => {
    const { confusion, perDigit, overall } = promptedAccuracy(digits('asked'), digits('seen'));
    expect(confusion).toEqual(expected.confusion);
    perDigit.forEach(({ right, of }, digit) => {
      expect([right, of]).toEqual([
        expected.confusion[digit]![digit],
        expected.confusion[digit]!.reduce((a, b) => a + b),
      ]);
    });
    expect(overall.of).toBe(400);
    expect(overall.right).toBe(perDigit.reduce((sum, { right }) => sum + right, 0));
  });
});

it('squared distances are those of the rows', () => {
  const a = { length: 2, features: Float32Array.of(0, 0, 3, 4) };
  const b = { length: 1, features: Float32Array.of(0, 1) };
  expect([...squaredDistances(a, b)]).toEqual([1, 18]);
});

it('names what does not fit', () => {
  const one = { length: 1, features: Float32Array.of(1, 2) };
  const wide = { length: 2, features: new Float32Array(6) };
  const odd = { length: 2, features: new Float32Array(5) };
  const pair = { length: 2, features: new Float32Array(4) };
  expect(() => frechetDistance(pair, wide)).toThrow('features of one width, got 2 and 3.');
  expect(() => frechetDistance(odd, odd)).toThrow('Expected 2 rows of features, got 5 numbers.');
  expect(() => kernelDistance(one, one)).toThrow('at least 2 images in each set, got 1.');
  expect(() => manifoldMetrics(pair, pair)).toThrow('at least 6 images in each set, got 2.');
  expect(() => withinClassDistance(pair, Uint8Array.of(1, 2))).toThrow('two images of class 1');
  expect(() => wilson(3, 2)).toThrow('0 ≤ right ≤ of, got 3 of 2.');
  expect(() => wilson(1.5, 2)).toThrow('got 1.5 of 2.');
  expect(() => promptedAccuracy(Uint8Array.of(1), Uint8Array.of(1, 2))).toThrow('got 2 and 1.');
  expect(() => promptedAccuracy(Uint8Array.of(1), Uint8Array.of(10))).toThrow('below 10');
});

/** Half of a real and half of a generated row, as the reference has them. */
function between(count: number): Features {
  const [a, b] = [set('real', 0, count), set('fake', 0, count)];
  return { length: count, features: a.features.map((x, i) => x / 2 + b.features[i]! / 2) };
}
const places = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

describe('retrieval', () => {
  it('as with scikit-learn’s cosine_similarity and numpy.argsort', () => {
    const found = retrieval(between(100), set('real', 0, 100), places(100), [1, 5, 20]);
    expect(found.map(({ right }) => right)).toEqual(expected.recall);
    expect(found.map(({ of }) => of)).toEqual([100, 100, 100]);
    expect(found[0]).toEqual(wilson(expected.recall[0], 100));
  });

  it('gives nothing for features that are all the same, and all for the captions themselves', () => {
    const same = { length: 3, features: Float32Array.of(1, 2, 1, 2, 1, 2) };
    expect(retrieval(same, same, [0, 1, 2]).map(({ right }) => right)).toEqual([0, 3]);
    const captions = set('real', 0, 50);
    expect(retrieval(captions, captions, places(50), [1])[0]!.share).toBe(1);
  });

  it.each([
    [[0], [1], /the caption of each of 2 images, got 1/],
    [[0, 2], [1], /captions from 0 to 1, got 2 for image 1/],
    [[0, 0.5], [1], /captions from 0 to 1, got 0.5 for image 1/],
    [[0, 1], [0], /k to be integers of 1 or more, got 0/],
  ])('own %j with k %j is refused', (own, k, says) => {
    const two = { length: 2, features: Float32Array.of(1, 0, 0, 1) };
    expect(() => retrieval(two, two, own, k)).toThrow(says);
  });

  it('features without a direction are refused', () => {
    const two = { length: 2, features: Float32Array.of(1, 0, 0, 1) };
    const bad = (x: number) => ({ length: 2, features: Float32Array.of(1, 0, x, 0) });
    expect(() => retrieval(bad(0), two, [0, 1])).toThrow(/not all 0, got others for image 1/);
    expect(() => retrieval(two, bad(NaN), [0, 1])).toThrow(/got others for caption 1/);
  });
});

describe('memorisation', () => {
  const [fakes, halves] = [set('fake'), between(50)];
  const drawn = {
    length: fakes.length + halves.length,
    features: Float32Array.of(...fakes.features, ...halves.features),
  };
  const training = set('real', 0, 120);

  it('as with scikit-learn’s NearestNeighbors and numpy’s quantiles', () => {
    const found = memorisation(drawn, set('real', 120), training);
    const { rows, drawn_median, held_out_median, copies } = expected.memorisation;
    expect([...found.drawn.rows.slice(0, 10)]).toEqual(rows);
    expect(found.drawnMedian).toBeCloseTo(drawn_median, 10);
    expect(found.heldOutMedian).toBeCloseTo(held_out_median, 10);
    expect(found.ratio).toBeCloseTo(drawn_median / held_out_median, 10);
    expect(found.copies).toEqual(wilson(copies, drawn.length));
  });

  it('finds copies: each its own row, at no distance', () => {
    const { distances, rows } = nearestRows(training, training);
    expect(Math.max(...distances)).toBe(0);
    expect([...rows]).toEqual([...places(120)]);
    expect(memorisation(training, set('real', 120), training).copies.share).toBe(1);
  });

  it('sets of different widths, or empty ones, are refused', () => {
    const narrow = { length: 2, features: Float32Array.of(1, 2) };
    expect(() => nearestRows(narrow, training)).toThrow(/features of one width, got 1 and 24/);
    const none = { length: 0, features: new Float32Array(0) };
    expect(() => nearestRows(none, training)).toThrow(RangeError);
  });
});
