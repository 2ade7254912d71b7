import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { sharedConfig } from '../../lib/schedulers/config';
import { DDIMScheduler, type DDIMSchedulerConfig } from '../../lib/schedulers/ddim';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { fakeModel, golden, goldenPoints, goldenTensor, runConfig, trajectory } from './golden-run';

describe.each(['ddim.eta0', 'ddim.eta1'])('%s', (tag) => {
  const { steps, eta, ...config } = runConfig(tag);
  const scheduler = DDIMScheduler.fromConfig(config, { eta: eta as number | undefined });

  it("follows diffusers' trajectory", () => {
    scheduler.setTimesteps(steps as number);
    const visited = trajectory(scheduler, tag, steps as number);
    const points = goldenPoints(tag, steps as number);
    expect(points).toHaveLength(4);
    for (const [done, name] of points) {
      expect(visited[done - 1]!, name).toBeCloseToMax(golden.get(name)!.data, 2e-5);
    }
  });

  it('has the defaults of diffusers', () => {
    const { config: own } = new DDIMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
    expect(own).toEqual(config);
  });
});

const x = goldenTensor('in.ddim.eta0.start');

it('needs no noise with eta 0, and some with eta 1', () => {
  const [still, noisy] = [0, 1].map((eta) => new DDIMScheduler({}, { eta }));
  still!.step(fakeModel(x, 500), 500, x);
  expect(() => noisy!.step(fakeModel(x, 500), 500, x)).toThrow('Expected noise for this step');
});

it('is the same with the noise derived again where nothing was clipped', () => {
  const [plain, derived] = [false, true].map((useClippedModelOutput) => {
    const scheduler = new DDIMScheduler({ clip_sample: false }, { useClippedModelOutput });
    return scheduler.step(fakeModel(x, 300), 300, x).prevSample.dataSync();
  });
  expect(derived!).toBeCloseToMax(plain!, 1e-5);
});

it('samples on the schedule that a model was trained with', () => {
  const trained = new DDPMScheduler({ beta_schedule: 'scaled_linear', prediction_type: 'sample' });
  const scheduler = new DDIMScheduler(sharedConfig(trained.config));
  expect(scheduler.alphasCumprod).toEqual(trained.alphasCumprod);
  expect(scheduler.config.prediction_type).toBe('sample');
});

it('survives its own JSON', () => {
  const scheduler = new DDIMScheduler({ set_alpha_to_one: false, timestep_spacing: 'trailing' });
  const json: unknown = JSON.parse(JSON.stringify(scheduler));
  expect(DDIMScheduler.fromConfig(json).config).toEqual(scheduler.config);
});

it('leaks nothing', () => {
  const scheduler = new DDIMScheduler();
  const modelOutput = fakeModel(x, 500);
  expect(() => tf.dispose({ ...scheduler.step(modelOutput, 500, x) })).toLeakNothing();
});

describe('refusals', () => {
  it.each([-0.1, 1.1, NaN])('refuses eta %d', (eta) => {
    expect(() => new DDIMScheduler({}, { eta })).toThrow(`expected eta in [0, 1], got ${eta}.`);
  });

  it('names unknown and bad keys', () => {
    const bad = { variance_type: 'fixed_small', set_alpha_to_one: 1 };
    const refuse = () => new DDIMScheduler(bad as unknown as Partial<DDIMSchedulerConfig>);
    expect(refuse).toThrow('variance_type: unknown key');
    expect(refuse).toThrow('set_alpha_to_one: expected true | false, got 1');
  });

  it('refuses time steps and numbers of steps that do not fit', () => {
    const scheduler = new DDIMScheduler();
    scheduler.setTimesteps(10);
    expect(() => scheduler.step(x, 999, x)).toThrow('Expected one of the 10 time steps');
    for (const index of [-1, 10, 900, 0.5, NaN]) {
      expect(() => scheduler.stepCoefficients(index)).toThrow(
        `Expected a position from 0 to 9 of this sampling, got ${index}.`,
      );
    }
    expect(() => scheduler.setTimesteps(0)).toThrow('from 1 to 1000, got 0');
  });
});
