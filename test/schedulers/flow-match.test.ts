/** FlowMatchEulerDiscreteScheduler against diffusers: tables, steps, noisy images; and what it refuses. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { FlowMatchEulerDiscreteScheduler } from '../../lib/schedulers/flow-match-euler-discrete';
import { linearStep } from '../../lib/schedulers/scheduler';
import { goldenFolder, loadGolden } from '../support/golden';
import { nchw, nhwc } from '../support/model';

const golden = loadGolden('flow');
const configs = JSON.parse(
  readFileSync(path.join(goldenFolder('flow'), 'configs.json'), 'utf8'),
) as Record<string, object>;
const make = (tag: string) => new FlowMatchEulerDiscreteScheduler(configs[tag]);
const largest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
};

describe('tables', () => {
  const names = [...golden.keys()].filter((name) => /^(train|sigmas)\./.test(name));
  expect(names.length).toBeGreaterThan(20);

  it.each(names)('%s', (name) => {
    const [group, tag, steps] = name.split('.') as [string, string, string];
    const scheduler = make(tag);
    const { data } = golden.get(name)!;
    if (group === 'train') {
      expect(largest(scheduler.trainTimesteps, data)).toBeLessThanOrEqual(1e-6 * 1000);
      return;
    }
    scheduler.setTimesteps(Number(steps));
    expect(largest(scheduler.sigmas, data)).toBeLessThanOrEqual(1e-6);
    const timesteps = golden.get(`timesteps.${tag}.${steps}`)!.data;
    expect(largest(scheduler.timesteps, timesteps)).toBeLessThanOrEqual(1e-6 * 1000);
  });

  it('with a shift end where it was applied twice, as in diffusers', () => {
    const scheduler = make('shift3');
    scheduler.setTimesteps(10);
    expect(scheduler.sigmas.at(-2)).toBeCloseTo(0.00893, 5);
    expect(scheduler.trainTimesteps.at(-1)! / 1000).toBeCloseTo(0.002994, 6);
  });
});

describe('steps', () => {
  it.each(['straight', 'stochastic'])('%s', (tag) => {
    const scheduler = make(`run.${tag}`);
    scheduler.setTimesteps(6);
    const expected = golden.get(`run.${tag}`)!;
    const noises = golden.get(`in.${tag}.noise`)!;
    const size = 2 * 16;
    tf.tidy(() => {
      let x: tf.Tensor = nhwc(golden.get(`in.${tag}.start`)!);
      for (const [i, t] of scheduler.timesteps.entries()) {
        const bend = 0.1 * Math.sin(Math.fround(t * 0.01));
        const modelOutput = x.mul(0.9).add(bend).tanh().mul(0.8);
        const at = (data: ArrayLike<number>) =>
          Float32Array.from(data).slice(i * size, (i + 1) * size);
        const noise = nhwc({ shape: [2, 1, 4, 4], data: at(noises.data) });
        const inputs = { modelOutput, sample: x, noise };
        x = linearStep(inputs, scheduler.stepCoefficients(i), scheduler.bounds).prevSample;
        expect(nchw(x)).toBeCloseToMax(at(expected.data), 2e-5);
      }
    });
  });

  it('say where a sample stands', () => {
    const scheduler = make('shift3');
    scheduler.setTimesteps(4);
    expect(scheduler.levelAt(0)).toEqual({ alpha: 0, sigma: 1 });
    expect(scheduler.levelAt(4)).toEqual({ alpha: 1, sigma: 0 });
  });

  it('come after setTimesteps', () => {
    expect(() => make('plain').stepCoefficients(0)).toThrow(/setTimesteps comes first/);
    const scheduler = make('plain');
    scheduler.setTimesteps(3);
    for (const index of [-1, 3, 0.5, NaN]) {
      expect(() => scheduler.stepCoefficients(index)).toThrow(/from 0 to 2 of a sampling/);
    }
  });
});

describe('configs', () => {
  it('are written and read as diffusers does', () => {
    const json = make('karras3').toJSON();
    expect(json).toMatchObject({ _class_name: 'FlowMatchEulerDiscreteScheduler', shift: 3 });
    expect(FlowMatchEulerDiscreteScheduler.fromConfig(json).config).toEqual(make('karras3').config);
  });

  it.each([
    [{ shift: 0 }, /shift: expected a number > 0/],
    [{ shift: NaN }, /shift/],
    [{ num_train_timesteps: 0 }, /num_train_timesteps/],
    [{ use_dynamic_shifting: true }, /use_dynamic_shifting/],
    [{ use_beta_sigmas: true }, /use_beta_sigmas/],
    [{ invert_sigmas: true }, /invert_sigmas/],
    [{ shift_terminal: 1 }, /shift_terminal/],
    [{ use_karras_sigmas: true, use_exponential_sigmas: true }, /use_exponential_sigmas/],
    [{ beta_schedule: 'linear' }, /beta_schedule: unknown key/],
    [{ prediction_type: 'epsilon' }, /prediction_type: unknown key/],
    [{ stochastic_sampling: 1 }, /stochastic_sampling/],
    [{ time_shift_type: 'root' }, /time_shift_type/],
  ])('%j is refused', (config, message) => {
    expect(() => new FlowMatchEulerDiscreteScheduler(config as object)).toThrow(message);
  });

  it('of other schedulers are refused: their models predict something else', () => {
    const json = { _class_name: 'DDPMScheduler' };
    expect(() => FlowMatchEulerDiscreteScheduler.fromConfig(json)).toThrow(/DDPMScheduler/);
    expect(() => FlowMatchEulerDiscreteScheduler.fromConfig(null)).toThrow(/object/);
    for (const steps of [0, -1, 1.5, 1001, NaN]) {
      expect(() => make('plain').setTimesteps(steps)).toThrow(/sampling steps/);
    }
  });
});
