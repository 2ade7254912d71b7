import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import {
  DPMSolverMultistepScheduler,
  type DPMSolverMultistepSchedulerConfig,
} from '../../lib/schedulers/dpm-solver-multistep';
import { fakeModel, golden, goldenPoints, goldenTensor, runConfig, trajectory } from './golden-run';

const TAG = 'dpmsolver++2m';
const { steps, lambda_min_clipped: _, ...config } = runConfig(TAG);

it("follows diffusers' trajectory", () => {
  const scheduler = DPMSolverMultistepScheduler.fromConfig(config);
  scheduler.setTimesteps(steps as number);
  const visited = trajectory(scheduler, TAG, steps as number);
  const points = goldenPoints(TAG, steps as number);
  expect(points).toHaveLength(4);
  for (const [done, name] of points) {
    expect(visited[done - 1]!, name).toBeCloseToMax(golden.get(name)!.data, 2e-5);
  }
});

it('has the defaults of diffusers', () => {
  const scheduler = new DPMSolverMultistepScheduler({ beta_schedule: 'squaredcos_cap_v2' });
  expect(scheduler.config).toEqual({ ...config, lambda_min_clipped: -Infinity });
});

it('survives its own JSON, which has no infinity', () => {
  for (const lambda_min_clipped of [-Infinity, -5.1]) {
    const scheduler = new DPMSolverMultistepScheduler({ lambda_min_clipped });
    const json: unknown = JSON.parse(JSON.stringify(scheduler));
    expect(DPMSolverMultistepScheduler.fromConfig(json).config).toEqual(scheduler.config);
  }
});

const x = goldenTensor(`in.${TAG}.start`);

it('leaks nothing', () => {
  const scheduler = new DPMSolverMultistepScheduler();
  scheduler.setTimesteps(20);
  const modelOutput = fakeModel(x, 500);
  const t = scheduler.timesteps[5]!;
  expect(() => tf.dispose({ ...scheduler.step(modelOutput, t, x, null, x) })).toLeakNothing();
});

describe('refusals', () => {
  const scheduler = new DPMSolverMultistepScheduler();

  it('asks for the step before from the second step on', () => {
    scheduler.setTimesteps(20);
    scheduler.step(x, scheduler.timesteps[0]!, x);
    expect(() => scheduler.step(x, scheduler.timesteps[1]!, x)).toThrow(
      /^Expected previousOriginal \(the last predOriginalSample\) for this step .* got null\.$/,
    );
  });

  it.each([0, 1001, 1.5])('refuses %d steps', (n) => {
    expect(() => scheduler.setTimesteps(n)).toThrow(`from 1 to 1000, got ${n}`);
  });

  it('refuses more steps than strides of leading, and a clipping that leaves none', () => {
    const leading = new DPMSolverMultistepScheduler({ timestep_spacing: 'leading' });
    expect(() => leading.setTimesteps(1000)).toThrow('from 1 to 999, got 1000');
    const clipped = new DPMSolverMultistepScheduler({ lambda_min_clipped: 10 });
    expect(() => clipped.setTimesteps(5)).toThrow(
      'expected lambda_min_clipped to leave a time step; 10 is above log(α/σ) of all',
    );
  });

  it.each([
    [
      'algorithm_type',
      'dpmsolver',
      "algorithm_type: expected 'dpmsolver++' | 'sde-dpmsolver++', got 'dpmsolver'",
    ],
    ['solver_order', 3, 'solver_order: expected 1 | 2, got 3'],
    [
      'use_karras_sigmas',
      true,
      'use_karras_sigmas: expected false (nothing else is supported here)',
    ],
    [
      'lambda_min_clipped',
      NaN,
      'lambda_min_clipped: expected a finite number | -Infinity, got NaN',
    ],
    ['clip_sample', true, 'clip_sample: unknown key'],
  ])('refuses %s %s', (key, value, message) => {
    const bad = { [key]: value } as Partial<DPMSolverMultistepSchedulerConfig>;
    expect(() => new DPMSolverMultistepScheduler(bad)).toThrow(message);
  });

  it('refuses to leave out time steps of trailing', () => {
    const bad = { timestep_spacing: 'trailing', lambda_min_clipped: -5 } as const;
    expect(() => new DPMSolverMultistepScheduler(bad)).toThrow(
      "lambda_min_clipped: expected -Infinity with timestep_spacing 'trailing', got -5",
    );
  });
});
