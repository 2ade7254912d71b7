/** What holds of every scheduler's steps: positions, visits, bounds, and a graph that all of them share. */
import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';
import { DDIMScheduler } from '../../lib/schedulers/ddim';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { DPMSolverMultistepScheduler } from '../../lib/schedulers/dpm-solver-multistep';
import { EulerDiscreteScheduler } from '../../lib/schedulers/euler-discrete';
import { HeunDiscreteScheduler } from '../../lib/schedulers/heun-discrete';
import { makeSampler, SAMPLER_NAMES } from '../../lib/schedulers/samplers';
import {
  coefficientRow,
  coefficientTable,
  linearStep,
  unpackCoefficients,
  type Scheduler,
} from '../../lib/schedulers/scheduler';
import { boundsKey } from '../../lib/schedulers/thresholding';
import { fakeModel } from './golden-run';

const start = () => tf.linspace(-1, 1, 6).reshape([1, 6]);

/** The last image of steps at some of the time steps, by `step` or by coefficients. */
function sample(
  scheduler: Scheduler,
  positions: readonly number[],
  bySteps: boolean,
): Float32Array {
  return tf.tidy(() => {
    let [x, previousOriginal] = [start() as tf.Tensor, null as tf.Tensor | null];
    for (const i of positions) {
      const t = scheduler.timesteps[i]!;
      const [modelOutput, noise] = [fakeModel(x, t), tf.fill(x.shape, 0.5)];
      const next = bySteps
        ? scheduler.step(modelOutput, t, x, noise, previousOriginal)
        : scheduler.stepWithCoefficients(
            { modelOutput, sample: x, noise, previousOriginal },
            scheduler.stepCoefficients(i),
          );
      [x, previousOriginal] = [next.prevSample, next.predOriginalSample];
    }
    return Float32Array.from(x.dataSync());
  });
}

const all = (scheduler: Scheduler) => [...scheduler.timesteps.keys()];

describe.each(SAMPLER_NAMES)('%s', (name) => {
  const scheduler = makeSampler(name, new DDPMScheduler({ steps_offset: 1 }).config);

  it('takes the same steps by time step as by position, again and again', () => {
    scheduler.setTimesteps(6);
    const expected = sample(scheduler, all(scheduler), false);
    expect(sample(scheduler, all(scheduler), true)).toEqual(expected);
    expect(sample(scheduler, all(scheduler), true)).toEqual(expected);
    scheduler.setTimesteps(4);
    const four = sample(scheduler, all(scheduler), false);
    expect(sample(scheduler, all(scheduler), true)).toEqual(four);
  });

  it('names positions that the sampling has not', () => {
    scheduler.setTimesteps(4);
    const most = scheduler.timesteps.length - 1;
    for (const index of [-1, most + 1, 0.5, NaN]) {
      expect(() => scheduler.stepCoefficients(index)).toThrow(
        `Expected a position from 0 to ${most} of this sampling, got ${index}.`,
      );
    }
  });
});

describe('a time step that Heun visits twice', () => {
  it('begins a sampling with its second visit, as in diffusers', () => {
    const heun = new HeunDiscreteScheduler();
    heun.setTimesteps(4);
    const [middle, end] = [heun.timesteps.indexOf(heun.timesteps[3]!), heun.timesteps.length];
    const positions = Array.from({ length: end - middle - 1 }, (_, i) => middle + 1 + i);
    expect(sample(heun, positions, true)).toEqual(sample(heun, positions, false));
  });

  it('is not passed by a step that failed', () => {
    const heun = new HeunDiscreteScheduler();
    heun.setTimesteps(3);
    const [first, second] = [heun.timesteps[0]!, heun.timesteps[1]!];
    const x = start();
    const { predOriginalSample } = heun.step(fakeModel(x, first), first, x);
    expect(() => heun.step(x, second, x)).toThrow('Expected previousOriginal');
    const { prevSample } = heun.step(x, second, x, null, predOriginalSample);
    const inputs = { modelOutput: x, sample: x, previousOriginal: predOriginalSample };
    const expected = heun.stepWithCoefficients(inputs, heun.stepCoefficients(1));
    expect(prevSample.dataSync()).toEqual(expected.prevSample.dataSync());
  });
});

describe('bounds', () => {
  const quantile = { thresholding: true, dynamic_thresholding_ratio: 0.9, sample_max_value: 2 };
  it.each<[Scheduler, unknown, string]>([
    [new DDPMScheduler(), 1, 'clip 1'],
    [new DDIMScheduler({ clip_sample_range: 0.5 }), 0.5, 'clip 0.5'],
    [new DDIMScheduler({ clip_sample: false }), null, 'none'],
    [new DPMSolverMultistepScheduler(), null, 'none'],
    [new DPMSolverMultistepScheduler(quantile), { ratio: 0.9, max: 2 }, 'quantile 0.9 max 2'],
    [new EulerDiscreteScheduler(), null, 'none'],
    [new HeunDiscreteScheduler({ clip_sample: true, clip_sample_range: 3 }), 3, 'clip 3'],
  ])('of a config (%#)', (scheduler, bounds, key) => {
    expect(scheduler.bounds).toEqual(bounds);
    expect(boundsKey(scheduler.bounds)).toBe(key);
  });

  it('are all that a traced step holds of a scheduler', () => {
    const trained = new DDPMScheduler({ prediction_type: 'v_prediction' }).config;
    const traced = jit(
      (inputs: { x: tf.Tensor; output: tf.Tensor; noise: tf.Tensor; row: tf.Tensor1D }) => {
        const { x, output, noise, row } = inputs;
        const step = { modelOutput: output, sample: x, noise, previousOriginal: x };
        return linearStep(step, unpackCoefficients(row), 0.75).prevSample;
      },
    );
    const [x, output, noise] = [start(), fakeModel(start(), 3), tf.fill([1, 6], 0.25)];
    for (const name of SAMPLER_NAMES) {
      const sampler = makeSampler(name, trained);
      sampler.setTimesteps(5);
      const row = coefficientRow(coefficientTable(sampler), 2);
      const inputs = { modelOutput: output, sample: x, noise, previousOriginal: x };
      const expected = linearStep(inputs, sampler.stepCoefficients(2), 0.75).prevSample;
      expect(traced({ x, output, noise, row }).dataSync(), name).toBeCloseToMax(
        expected.dataSync(),
        1e-6,
      );
    }
    traced.dispose();
  });
});

it('names a row that the table of coefficients has not', () => {
  const scheduler = new DDPMScheduler();
  scheduler.setTimesteps(3);
  const table = coefficientTable(scheduler);
  expect([...coefficientRow(table, 1).dataSync()]).toEqual([...table.slice(7, 14)]);
  for (const index of [-1, 3, 1.5]) {
    expect(() => coefficientRow(table, index)).toThrow(`an index from 0 to 2, got ${index}`);
  }
});

it('before setTimesteps, a sampling goes over every step of the training', () => {
  const all = Array.from({ length: 10 }, (_, i) => 9 - i);
  for (const Class of [
    DDPMScheduler,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
  ]) {
    const scheduler = new Class({
      num_train_timesteps: 10,
      steps_offset: 1,
      timestep_spacing: 'leading',
    });
    expect([...scheduler.timesteps], Class.name).toEqual(all);
    expect(coefficientTable(scheduler).every(Number.isFinite), Class.name).toBe(true);
  }
});
