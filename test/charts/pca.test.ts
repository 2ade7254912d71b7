import { describe, expect, it } from 'vitest';
import { principalComponents } from '../../lib/charts/pca';

describe('principalComponents', () => {
  // Reference: numpy 2.4's svd of the centred rows, signs by the largest entry.
  it("are numpy's", () => {
    const data = [1, 2, 0.5, 2, 1, -1, 0, 3, 2, 4, -2, 1, 1, 1, 1];
    const { points, shares } = principalComponents(data, [5, 3]);
    const expected = [
      [-1.11727565, 0.37486155],
      [0.47777644, 1.67930787],
      [-2.71232773, -0.92958477],
      [3.76688337, -0.80623224],
      [-0.41505644, -0.31835241],
    ];
    expected.forEach((row, i) => row.forEach((x, j) => expect(points[i]?.[j]).toBeCloseTo(x, 7)));
    expect(shares[0]).toBeCloseTo(0.82839211, 7);
    expect(shares[1]).toBeCloseTo(0.16343152, 7);
  });

  it('of equal vectors are one point', () => {
    const { points, shares } = principalComponents([3, 1, 3, 1, 3, 1], [3, 2]);
    points.flat().forEach((coordinate) => expect(coordinate).toBeCloseTo(0));
    expect(shares).toEqual([0, 0]);
  });

  it('refuses what is no matrix of numbers', () => {
    expect(() => principalComponents([1, 2, 3], [2, 2])).toThrow('got 3 numbers');
    expect(() => principalComponents([1, 2], [1, 2])).toThrow('at least 2 vectors');
    expect(() => principalComponents([1, NaN], [2, 1])).toThrow('finite');
  });
});
