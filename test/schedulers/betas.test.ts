import { describe, expect, it } from 'vitest';
import {
  BETA_SCHEDULES,
  cumulativeAlphas,
  makeBetas,
  rescaleZeroTerminalSnr,
} from '../../lib/schedulers/betas';
import { loadGolden } from '../support/golden';

const golden = loadGolden('schedulers');
const expected = (name: string) => golden.get(name)!.data as Float32Array;

/** Largest relative error of any single number, so that small ᾱ count as much as large ones. */
function worstRelativeError(actual: Float32Array, reference: Float32Array): number {
  return Math.max(...actual.map((a, i) => Math.abs(a - reference[i]!) / Math.abs(reference[i]!)));
}

describe.each(BETA_SCHEDULES)('%s', (schedule) => {
  const betas = makeBetas(schedule, 1000, 0.0001, 0.02);

  it("has diffusers' betas", () => {
    expect(betas).toBeCloseToMax(expected(`out.betas.${schedule}`), 1e-6);
    expect(worstRelativeError(betas, expected(`out.betas.${schedule}`))).toBeLessThan(1e-6);
  });

  it("has diffusers' alphas_cumprod", () => {
    const alphasCumprod = cumulativeAlphas(betas);
    expect(alphasCumprod).toBeCloseToMax(expected(`out.alphas_cumprod.${schedule}`), 1e-6);
    // A float32 step size of 6e-8 in each of 1000 factors may add up to 6e-5.
    expect(
      worstRelativeError(alphasCumprod, expected(`out.alphas_cumprod.${schedule}`)),
    ).toBeLessThan(2e-5);
  });

  it('ends in pure noise when rescaled', () => {
    const alphasCumprod = cumulativeAlphas(rescaleZeroTerminalSnr(betas));
    expect(alphasCumprod).toBeCloseToMax(expected(`out.alphas_cumprod_zero_snr.${schedule}`), 1e-6);
    expect(alphasCumprod[999]).toBe(0);
  });
});

it('makes a schedule of one step', () => {
  expect([...makeBetas('linear', 1, 0.25, 0.5)]).toEqual([0.25]);
});
