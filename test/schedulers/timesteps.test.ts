import { describe, expect, it } from 'vitest';
import { inferenceTimesteps, TIMESTEP_SPACINGS } from '../../lib/schedulers/timesteps';
import { loadGolden } from '../support/golden';

const golden = loadGolden('schedulers');

describe.each(TIMESTEP_SPACINGS)('%s', (spacing) => {
  it.each([1000, 50, 25, 7])("visits diffusers' %i steps", (n) => {
    const expected = golden.get(`out.timesteps.${spacing}.${n}`)!.data;
    expect([...inferenceTimesteps(spacing, 1000, n, 0)]).toEqual([...expected]);
  });

  it('stays inside the schedule for any number of steps', () => {
    for (let n = 1; n <= 1000; n++) {
      const timesteps = inferenceTimesteps(spacing, 1000, n, 0);
      expect(new Set(timesteps).size, `${n} steps`).toBe(n);
      expect(timesteps.at(-1)! >= 0 && timesteps[0]! < 1000, `${n} steps`).toBe(true);
    }
  });
});

it('rounds halves as numpy does', () => {
  // diffusers 0.42.1: DDPMScheduler(timestep_spacing='trailing'), set_timesteps(16)
  expect([...inferenceTimesteps('trailing', 1000, 16, 0)]).toEqual([
    999, 937, 874, 811, 749, 687, 624, 561, 499, 437, 374, 311, 249, 187, 124, 61,
  ]);
});

it('adds the offset to leading steps', () => {
  expect([...inferenceTimesteps('leading', 1000, 4, 1)]).toEqual([751, 501, 251, 1]);
});

it.each([0, -1, 1001, 2.5, NaN])('refuses %d steps', (n) => {
  expect(() => inferenceTimesteps('leading', 1000, n, 0)).toThrow(
    `Expected the number of sampling steps to be an integer from 1 to 1000, got ${n}.`,
  );
});

it('refuses an offset that leads beyond the schedule', () => {
  expect(() => inferenceTimesteps('leading', 1000, 1000, 1)).toThrow(/steps_offset 1 .* to 1000/);
});
