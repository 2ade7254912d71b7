/** Against torch's OneCycleLR; see scripts/export_method_goldens.py. */
import { expect, it } from 'vitest';
import { oneCycle, type OneCycleOptions } from '../../lib/optim/one-cycle';
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

// torch: OneCycleLR(SGD(lr=1.0), 1.0, total_steps, pct_start=pct_start)
it.each([
  [2, 0.25, [0.750001, 0.000004]],
  [3, 0.05, [0.79611844, 0.27423622, 0.000004]],
  [2, 0.95, [0.04, 0.000004]],
  [5, 0.7, [0.04, 0.37167184, 0.90832816, 0.750001, 0.000004]],
  [4, 0.99, [0.04, 0.28590643, 0.7716675, 0.000004]],
])('has the rates of torch in few steps: %i, %f', (totalSteps, pctStart, rates) => {
  const factor = oneCycle({ totalSteps, pctStart });
  expect(Array.from({ length: totalSteps }, (_, step) => factor(step))).toBeCloseToMax(rates, 1e-6);
});

// torch divides by zero for all of these: the rise ends with the step that it begins with.
it.each([
  [2, 0.5, [1, 0.000004]],
  [3, 1 / 3, [1, 0.500002, 0.000004]],
  [4, 0.25, [1, 0.750001, 0.250003, 0.000004]],
  [5, 0.2, [1, 0.85355398, 0.500002, 0.14645002, 0.000004]],
])('begins at the top where the rise is a single step: %i, %f', (totalSteps, pctStart, rates) => {
  const factor = oneCycle({ totalSteps, pctStart });
  expect(Array.from({ length: totalSteps }, (_, step) => factor(step))).toBeCloseToMax(rates, 1e-6);
});

it('is a number at every step of every cycle', () => {
  for (let totalSteps = 2; totalSteps <= 60; totalSteps++) {
    for (let share = 1; share < 60; share++) {
      const factor = oneCycle({ totalSteps, pctStart: share / 60 });
      for (let step = 0; step <= totalSteps; step++) {
        const rate = factor(step);
        expect(rate > 0 && rate <= 1, `${totalSteps}, ${share}/60, step ${step}`).toBe(true);
      }
    }
  }
  expect(oneCycle({ totalSteps: 10, pctStart: 0.1 })(0)).toBe(1);
});

it('takes undefined for the default', () => {
  const undefinedOptions = { pctStart: undefined, divFactor: undefined, finalDivFactor: undefined };
  const [given, none] = [
    oneCycle({ totalSteps: 20, ...undefinedOptions }),
    oneCycle({ totalSteps: 20 }),
  ];
  for (let step = 0; step < 20; step++) expect(given(step)).toBe(none(step));
});

it('names every option out of range', () => {
  const bad = { totalSteps: 1, pctStart: 1, divFactor: 0, finalDivFactor: NaN };
  expect(() => oneCycle(bad)).toThrow(
    'totalSteps: expected an integer ≥ 2, got 1; pctStart: expected a number in (0, 1), got 1; ' +
      'divFactor: expected a number ≥ 1, got 0; finalDivFactor: expected a number ≥ 1, got NaN.',
  );
});

it('names options that there are not, and those of another type', () => {
  const bad = { totalSteps: 10, pctStart: '0.5', pct: 1 } as unknown as OneCycleOptions;
  expect(() => oneCycle(bad)).toThrow(
    'pctStart: expected a number in (0, 1), got "0.5"; pct: unknown option (known: totalSteps,',
  );
});
