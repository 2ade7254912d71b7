import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { DDPMScheduler, type DDPMSchedulerConfig } from '../../lib/schedulers/ddpm';
import {
  coefficientRow,
  coefficientTable,
  unpackCoefficients,
} from '../../lib/schedulers/scheduler';
import { fakeModel, golden, goldenPoints, goldenTensor, runConfig, trajectory } from './golden-run';

const RUNS = ['epsilon', 'v_prediction', 'sample', '1000', 'trailing', 'fixed_large'];

describe.each(RUNS.map((run) => `ddpm.${run}`))('%s', (tag) => {
  const { steps, ...config } = runConfig(tag);
  const scheduler = DDPMScheduler.fromConfig(config);

  it("follows diffusers' trajectory", () => {
    scheduler.setTimesteps(steps as number);
    const points = goldenPoints(tag, steps as number);
    const visited = trajectory(scheduler, tag, Math.max(...points.map(([done]) => done)));
    expect(points.length).toBeGreaterThanOrEqual(2);
    for (const [done, name] of points) {
      expect(visited[done - 1]!, name).toBeCloseToMax(golden.get(name)!.data, 2e-5);
    }
  });
});

describe('a step', () => {
  const scheduler = new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
  scheduler.setTimesteps(50);
  const x = goldenTensor('in.ddpm.epsilon.start');
  const noise = tf.onesLike(x);

  it('needs no noise at the last time step', () => {
    const { prevSample, predOriginalSample } = scheduler.step(fakeModel(x, 0), 0, x);
    expect(prevSample.dataSync()).toBeCloseToMax(predOriginalSample.dataSync(), 1e-6);
  });

  it.each(['leading', 'trailing', 'linspace'] as const)('ends without noise (%s)', (spacing) => {
    const other = new DDPMScheduler({ timestep_spacing: spacing });
    other.setTimesteps(7);
    expect(other.stepCoefficients(6).noise).toBe(0);
    expect(other.stepCoefficients(5).noise).toBeGreaterThan(0);
  });

  it('clips the predicted image, not the sample', () => {
    const { prevSample, predOriginalSample } = scheduler.step(x.mul(-50), 980, x, noise);
    expect(predOriginalSample.abs().max().dataSync()[0]).toBe(1);
    expect(prevSample.abs().max().dataSync()[0]).toBeGreaterThan(1);
  });

  it('does not clip unless asked to', () => {
    const free = new DDPMScheduler({ clip_sample: false, prediction_type: 'sample' });
    const { predOriginalSample } = free.step(x.mul(50), 999, x, noise);
    expect(predOriginalSample.dataSync()).toBeCloseToMax(x.mul(50).dataSync(), 1e-7);
  });

  it('gives the same with coefficients as tensors', () => {
    const coefficients = unpackCoefficients(coefficientRow(coefficientTable(scheduler), 3));
    const inputs = { modelOutput: fakeModel(x, 920), sample: x, noise };
    const traced = scheduler.stepWithCoefficients(inputs, coefficients);
    const eager = scheduler.step(inputs.modelOutput, scheduler.timesteps[3]!, x, noise);
    expect(traced.prevSample.dataSync()).toEqual(eager.prevSample.dataSync());
    expect(traced.predOriginalSample.dataSync()).toEqual(eager.predOriginalSample.dataSync());
  });

  it('leaks nothing', () => {
    const modelOutput = fakeModel(x, 980);
    expect(() => {
      tf.dispose({ ...scheduler.step(modelOutput, 980, x, noise) });
      coefficientRow(coefficientTable(scheduler), 49).dispose();
    }).toLeakNothing();
  });

  it('asks for the noise it needs', () => {
    expect(() => scheduler.step(x, 980, x)).toThrow(/^Expected noise for this step .* got null\.$/);
  });

  it('refuses a time step that the sampling does not visit', () => {
    expect(() => scheduler.step(x, 999, x, noise)).toThrow(
      'Expected one of the 50 time steps of this sampling (980, 960, 940, …, 0), got 999.',
    );
  });

  it('refuses a model output of another shape', () => {
    expect(() => scheduler.step(tf.zeros([2, 8, 8, 2]), 980, x, noise)).toThrow(
      "modelOutput: expected the sample's shape [2, 8, 8, 1], got [2, 8, 8, 2].",
    );
  });

  it.each([0, 1001])('refuses a sampling of %i steps and keeps the last one', (n) => {
    expect(() => scheduler.setTimesteps(n)).toThrow(/from 1 to 1000/);
    expect(scheduler.timesteps.length).toBe(50);
  });
});

describe('the config', () => {
  const refuse = (config: object) => () =>
    new DDPMScheduler(config as Partial<DDPMSchedulerConfig>);

  it("has diffusers' defaults", () => {
    const { steps: _, ...reference } = runConfig('ddpm.epsilon');
    const { config } = new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
    expect(config).toEqual(reference);
  });

  it('visits every time step until another sampling is set', () => {
    const { timesteps } = new DDPMScheduler();
    expect([timesteps.length, timesteps[0], timesteps[999]]).toEqual([1000, 999, 0]);
  });

  it('survives its own JSON', () => {
    const given = {
      prediction_type: 'v_prediction',
      steps_offset: 1,
      clip_sample_range: 2,
    } as const;
    const json = JSON.parse(JSON.stringify(new DDPMScheduler(given))) as Record<string, unknown>;
    expect(json._class_name).toBe('DDPMScheduler');
    expect(DDPMScheduler.fromConfig(json).config).toEqual(new DDPMScheduler(given).config);
  });

  it('names all unknown and bad keys at once', () => {
    const bad = {
      num_train_timesteps: '1000',
      beta_start: 0,
      beta_schedule: 'sigmoid',
      variance_type: 'learned',
      clip_sample: 1,
      clip_sample_range: -1,
      steps_offset: 0.5,
      prediction_type: 'noise',
      timestep_spacing: null,
      skip_prk_steps: true,
    };
    for (const [key, value] of Object.entries(bad)) {
      const got = typeof value === 'string' ? `'${value}'` : String(value);
      const line =
        key === 'skip_prk_steps'
          ? `${key}: unknown key`
          : new RegExp(`${key}: expected .*, got ${got}`);
      expect(refuse(bad)).toThrow(line);
    }
  });

  it.each([
    ['thresholding', 1, 'thresholding: expected true | false, got 1'],
    [
      'trained_betas',
      [0.1],
      'trained_betas: expected null (nothing else is supported here), got [0.1]',
    ],
    ['sample_max_value', 0.9, 'sample_max_value: expected a number ≥ 1, got 0.9'],
    ['dynamic_thresholding_ratio', 0, 'dynamic_thresholding_ratio: expected a number in (0, 1]'],
    [
      'variance_type',
      'fixed_small_log',
      "expected 'fixed_small' | 'fixed_large', got 'fixed_small_log'",
    ],
    [
      'rescale_betas_zero_snr',
      true,
      "rescale_betas_zero_snr: expected false with prediction_type 'epsilon'",
    ],
    ['constructor', 1, 'constructor: unknown key'],
  ])('refuses %s %j', (key, value, message) => {
    expect(refuse({ [key]: value })).toThrow(message);
  });

  it('refuses the config of something else and what is no config', () => {
    expect(() => DDPMScheduler.fromConfig({ _class_name: 'UNet2DConditionModel' })).toThrow(
      "DDPMScheduler: expected a config of a scheduler over betas, got one of 'UNet2DConditionModel'.",
    );
    expect(() => DDPMScheduler.fromConfig([1])).toThrow(
      /expected the object of a scheduler_config/,
    );
  });

  it('cannot be changed afterwards', () => {
    expect(() => Object.assign(new DDPMScheduler().config, { steps_offset: 3 })).toThrow(TypeError);
  });
});
