/** Euler, Heun, DPM-Solver++ with noise, and dynamic thresholding against diffusers; see scripts/export_method_goldens.py. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { DDIMScheduler } from '../../lib/schedulers/ddim';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { DPMSolverMultistepScheduler } from '../../lib/schedulers/dpm-solver-multistep';
import { EulerDiscreteScheduler } from '../../lib/schedulers/euler-discrete';
import { FlowMatchEulerDiscreteScheduler } from '../../lib/schedulers/flow-match-euler-discrete';
import { HeunDiscreteScheduler } from '../../lib/schedulers/heun-discrete';
import { makeSampler, SAMPLER_NAMES, type SamplerName } from '../../lib/schedulers/samplers';
import type { Scheduler } from '../../lib/schedulers/scheduler';
import { levelOf } from '../../lib/schedulers/sigmas';
import { thresholdSample } from '../../lib/schedulers/thresholding';
import { goldenFolder, loadGolden } from '../support/golden';
import { fakeModel } from './golden-run';

interface Run {
  readonly name: string;
  readonly steps: number;
  readonly scale: number;
  readonly config: Record<string, unknown>;
}

const golden = loadGolden('methods');
const runs = JSON.parse(readFileSync(join(goldenFolder('methods'), 'runs.json'), 'utf8')) as Record<
  string,
  Run
>;

const make: Record<string, (json: unknown) => Scheduler> = {
  EulerDiscreteScheduler: (json) => EulerDiscreteScheduler.fromConfig(json),
  HeunDiscreteScheduler: (json) => HeunDiscreteScheduler.fromConfig(json),
  DDIMScheduler: (json) => DDIMScheduler.fromConfig(json),
  DPMSolverMultistepScheduler: (json) => DPMSolverMultistepScheduler.fromConfig(json),
};

function start(): tf.Tensor {
  const { data, shape } = golden.get('start')!;
  return tf.tensor(data, shape);
}

/** x after every step, with the noise that the reference run drew; 0 where there is none. */
function trajectory(scheduler: Scheduler, scale: number, tag = ''): Float32Array[] {
  return tf.tidy(() => {
    let x = start().mul(scheduler.initNoiseSigma);
    const drawn = golden.get(`noise.${tag}`);
    const noises = drawn && tf.unstack(tf.tensor(drawn.data, drawn.shape));
    let previousOriginal: tf.Tensor | null = null;
    return Array.from(scheduler.timesteps, (t, i) => {
      const coefficients = scheduler.stepCoefficients(i);
      const modelOutput = fakeModel(x, t).mul(scale);
      const inputs = {
        modelOutput,
        sample: x,
        noise: noises?.[i] ?? tf.zerosLike(x),
        previousOriginal,
      };
      const next = scheduler.stepWithCoefficients(inputs, coefficients);
      [x, previousOriginal] = [next.prevSample, next.predOriginalSample];
      return x.dataSync<'float32'>();
    });
  });
}

describe.each(Object.entries(runs))('%s', (tag, run) => {
  const scheduler = make[run.name]!(run.config);
  scheduler.setTimesteps(run.steps);

  it('visits the time steps of diffusers', () => {
    expect([...scheduler.timesteps]).toEqual([...golden.get(`timesteps.${tag}`)!.data]);
  });

  it('draws the images of diffusers, step by step', () => {
    const expected = golden.get(`run.${tag}`)!.data as Float32Array;
    const images = trajectory(scheduler, run.scale, tag);
    const size = expected.length / images.length;
    images.forEach((image, i) => {
      let theirs = expected.slice(i * size, (i + 1) * size);
      if (/^(euler|heun)/.test(tag)) theirs = theirs.map((value) => value * held(scheduler, i + 1));
      expect(image, `step ${i + 1}`).toBeCloseToMax(theirs, 2e-5);
    });
  });
});

/** What diffusers' image, x0 + σ·ε, is times ours, at a position of the sampling. */
function held(scheduler: Scheduler, index: number): number {
  const { sigmas } = scheduler as unknown as { sigmas: Float32Array };
  const isHeun = scheduler instanceof HeunDiscreteScheduler;
  return levelOf(sigmas[isHeun ? Math.floor((index + 1) / 2) : index]!).alpha;
}

describe('dynamic thresholding', () => {
  it('of DDPM, as diffusers', () => {
    const { config } = runs['threshold.ddim']!;
    const keys = ['thresholding', 'sample_max_value', 'dynamic_thresholding_ratio'] as const;
    const scheduler = new DDPMScheduler({
      ...Object.fromEntries(keys.map((key) => [key, config[key]])),
      beta_schedule: 'squaredcos_cap_v2',
      prediction_type: 'sample',
    });
    scheduler.setTimesteps(5);
    const found = scheduler.step(fakeModel(start(), 0).mul(4), 0, start());
    const expected = golden.get('threshold.ddpm')!.data;
    expect(found.prevSample.dataSync()).toBeCloseToMax(expected, 1e-6);
    tf.dispose({ ...found });
  });

  it('takes the quantile of each image by itself, between its neighbours', () => {
    const x = tf.tensor2d([0, 1, 2, -3, 8, 0.1, 0.2, 0.3, 0.4, 0.5], [2, 5]);
    const values = [...thresholdSample(x, 0.875, 100).dataSync()]; // position 3.5: between 3 and 8
    const expected = [0, 1 / 5.5, 2 / 5.5, -3 / 5.5, 1, 0.1, 0.2, 0.3, 0.4, 0.5];
    expect(values).toBeCloseToMax(expected, 1e-6);
    expect(() => thresholdSample(x, 1, 2).dispose()).toLeakNothing();
  });
});

describe('makeSampler', () => {
  const trained = new DDPMScheduler({
    beta_schedule: 'squaredcos_cap_v2',
    prediction_type: 'v_prediction',
    rescale_betas_zero_snr: true,
    timestep_spacing: 'trailing',
  }).config;

  it.each(SAMPLER_NAMES)(
    '%s goes over the schedule of the training, from its last step',
    (name) => {
      const sampler = makeSampler(name, trained);
      sampler.setTimesteps(10);
      expect(sampler.timesteps[0]).toBe(999);
      expect(sampler.config.prediction_type).toBe('v_prediction');
      const images = trajectory(sampler, 1);
      expect(images).toHaveLength(sampler.timesteps.length);
      expect(images.flatMap((image) => [...image]).every(Number.isFinite)).toBe(true);
    },
  );

  it('ddim does not bring back as noise what was clipped of x0: black paper stays black', () => {
    const sampler = makeSampler('ddim', trained);
    sampler.setTimesteps(20);
    const theirs = new DDIMScheduler(sampler.config);
    theirs.setTimesteps(20);
    const t = 599;
    const [alpha, sigma] = [Math.sqrt, (a: number) => Math.sqrt(1 - a)].map((of) =>
      of(sampler.alphasCumprod[t]!),
    ) as [number, number];
    // Black paper (−1) under noise of 0; guidance expects an x0 of −2 where −1 is the darkest.
    const x = tf.tensor1d([-alpha]);
    const output = tf.tensor1d([(alpha * -alpha + 2) / sigma]); // x0 = α·x − σ·v
    const paperOf = (scheduler: Scheduler) => {
      const { prevSample, predOriginalSample } = scheduler.step(output, t, x);
      expect(predOriginalSample.dataSync()[0]).toBeCloseTo(-1, 5);
      return prevSample.dataSync()[0]!;
    };
    const black = -Math.sqrt(sampler.alphasCumprod[t - 50]!);
    expect(paperOf(sampler)).toBeCloseTo(black, 5);
    expect(paperOf(theirs)).toBeGreaterThan(black + 0.3);
  });

  it('takes changes, and refuses names that it does not know', () => {
    const sampler = makeSampler('euler', trained, { timestep_spacing: 'linspace' });
    expect(sampler.config.timestep_spacing).toBe('linspace');
    const same = makeSampler('euler', trained, { timestep_spacing: undefined });
    expect(same.config.timestep_spacing).toBe('trailing');
    expect(() => makeSampler('lms' as SamplerName, trained)).toThrow(
      'expected one of ddpm, ddim, dpm-solver++, sde-dpm-solver++, euler, heun for a model that is trained over betas, got lms.',
    );
  });

  it('of flow matching is for models that are trained so, and no other is', () => {
    const flow = new FlowMatchEulerDiscreteScheduler({ shift: 3 });
    const sampler = makeSampler('flow', flow.config, { shift: undefined, use_karras_sigmas: true });
    expect(sampler.config).toEqual({ ...flow.config, use_karras_sigmas: true });
    expect(() => makeSampler('ddim', flow.config as never)).toThrow(
      'makeSampler: expected one of flow for a model that is trained by flow matching, got ddim.',
    );
    expect(() => makeSampler('flow', trained as never)).toThrow(/over betas, got flow/);
    expect(() =>
      makeSampler('flow', flow.config, { timestep_spacing: 'leading' } as object),
    ).toThrow(/timestep_spacing/);
  });
});

describe('refusals', () => {
  it.each([EulerDiscreteScheduler, HeunDiscreteScheduler])('%o has no thresholding', (Class) => {
    expect(() => new Class({ thresholding: true })).toThrow('thresholding: expected false');
    const config = new Class({ beta_schedule: 'squaredcos_cap_v2' });
    const json: unknown = JSON.parse(JSON.stringify(config));
    expect(Class.fromConfig(json).config).toEqual(config.config);
  });

  it('names bad bounds', () => {
    const bad = { dynamic_thresholding_ratio: 1.5, sample_max_value: 0.5 };
    expect(() => new DDPMScheduler(bad)).toThrow(
      'dynamic_thresholding_ratio: expected a number in (0, 1]',
    );
    expect(() => new DDPMScheduler(bad)).toThrow(
      'sample_max_value: expected a number ≥ 1, got 0.5',
    );
  });
});
