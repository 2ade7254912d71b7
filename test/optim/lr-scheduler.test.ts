import { describe, expect, it } from 'vitest';
import {
  getScheduler,
  type LRScheduleName,
  type LRScheduleOptions,
} from '../../lib/optim/lr-scheduler';

const STEPS = [0, 1, 3, 4, 5, 12, 19];

// diffusers 0.42.1: get_scheduler(name, SGD(lr=1.0), num_warmup_steps, num_training_steps)
const FACTORS: [LRScheduleName, number, number | undefined, number[]][] = [
  ['constant', 0, undefined, [1, 1, 1, 1, 1, 1, 1]],
  ['constant_with_warmup', 4, undefined, [0, 0.25, 0.75, 1, 1, 1, 1]],
  ['linear', 4, 20, [0, 0.25, 0.75, 1, 0.9375, 0.5, 0.0625]],
  ['cosine', 4, 20, [0, 0.25, 0.75, 1, 0.99039264, 0.5, 0.00960736]],
];

it.each(FACTORS)(
  '%s has the factors of diffusers',
  (name, numWarmupSteps, numTrainingSteps, factors) => {
    const schedule = getScheduler(name, { numWarmupSteps, numTrainingSteps });
    STEPS.forEach((step, i) => expect(schedule(step)).toBeCloseTo(factors[i]!, 8));
  },
);

it.each(['linear', 'cosine'] as const)('%s is 0 at the end and stays 0', (name) => {
  const schedule = getScheduler(name, { numTrainingSteps: 10 });
  expect([schedule(0), schedule(10), schedule(15)]).toEqual([1, 0, 0]);
});

it('takes undefined for the default', () => {
  for (const name of ['constant', 'constant_with_warmup', 'linear', 'cosine'] as const) {
    const given = getScheduler(name, { numWarmupSteps: undefined, numTrainingSteps: 20 });
    const none = getScheduler(name, { numTrainingSteps: 20 });
    for (const step of STEPS) expect(given(step)).toBe(none(step));
  }
  expect(getScheduler('constant', undefined)(3)).toBe(1);
  expect(getScheduler('constant', { numTrainingSteps: undefined })(3)).toBe(1);
});

describe('refusals', () => {
  it('names an unknown schedule', () => {
    expect(() => getScheduler('polynomial' as LRScheduleName)).toThrow(
      'getScheduler: expected one of constant, constant_with_warmup, linear, cosine, got polynomial.',
    );
  });

  it('asks for the number of steps', () => {
    expect(() => getScheduler('cosine')).toThrow(
      "getScheduler('cosine'): numTrainingSteps: expected an integer ≥ 0, got undefined",
    );
  });

  it('names all bad numbers', () => {
    expect(() => getScheduler('linear', { numWarmupSteps: -1, numTrainingSteps: 0.5 })).toThrow(
      "getScheduler('linear'): numWarmupSteps: expected an integer ≥ 0, got -1; " +
        'numTrainingSteps: expected an integer ≥ 0, got 0.5',
    );
  });

  it("does not pass over options that it has not, such as diffusers' spelling", () => {
    const options = { num_warmup_steps: 5 } as LRScheduleOptions;
    expect(() => getScheduler('constant_with_warmup', options)).toThrow(
      "getScheduler('constant_with_warmup'): num_warmup_steps: unknown option (known: numWarmupSteps, ",
    );
    expect(() => getScheduler('constant', 5 as LRScheduleOptions)).toThrow('as a record');
  });

  it('does not ignore a warm-up that the schedule has not', () => {
    expect(() => getScheduler('constant', { numWarmupSteps: 5 })).toThrow(
      /'constant' has none, got 5/,
    );
  });
});
