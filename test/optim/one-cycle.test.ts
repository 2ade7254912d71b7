/** Against torch's OneCycleLR; see scripts/export_method_goldens.py. */
import { expect, it } from 'vitest';
import { oneCycle } from '../../lib/optim/one-cycle';
import { loadGolden } from '../support/golden';

const golden = loadGolden('methods');

it.each([
  ['default', {}],
  ['other', { pctStart: 0.2, divFactor: 10, finalDivFactor: 100 }],
])('has the rates of torch: %s', (tag, options) => {
  const factor = oneCycle({ totalSteps: 50, ...options });
  const rates = Array.from({ length: 50 }, (_, step) => factor(step));
  expect(rates).toBeCloseToMax(golden.get(`onecycle.${tag}`)!.data, 1e-7);
  expect(factor(80)).toBe(factor(49));
});

it('names every option out of range', () => {
  const bad = { totalSteps: 1, pctStart: 1, divFactor: 0, finalDivFactor: NaN };
  expect(() => oneCycle(bad)).toThrow(
    'totalSteps: expected an integer ≥ 2, got 1; pctStart: expected a number in (0, 1), got 1; ' +
      'divFactor: expected a number ≥ 1, got 0; finalDivFactor: expected a number ≥ 1, got NaN.',
  );
});
