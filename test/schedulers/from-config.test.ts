/** Configs of other schedulers: which keys are taken, ignored, kept for the next one, and refused. */
import { describe, expect, it } from 'vitest';
import {
  parseSchedulerConfig,
  BETA_SCHEDULER_CLASSES,
  schedulerFromConfig,
} from '../../lib/schedulers/by-class-name';
import { DDIMScheduler } from '../../lib/schedulers/ddim';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { DPMSolverMultistepScheduler } from '../../lib/schedulers/dpm-solver-multistep';
import { EulerDiscreteScheduler } from '../../lib/schedulers/euler-discrete';
import { FlowMatchEulerDiscreteScheduler } from '../../lib/schedulers/flow-match-euler-discrete';
import { HeunDiscreteScheduler } from '../../lib/schedulers/heun-discrete';
import type { Sampler } from '../../lib/schedulers/scheduler';

const classes = Object.values(BETA_SCHEDULER_CLASSES);
const pairs = classes.flatMap((From) => classes.map((To) => [From, To] as const));
const asJson = (scheduler: Sampler) =>
  JSON.parse(JSON.stringify(scheduler)) as Record<string, unknown>;

describe.each(pairs)('from %o to %o', (From, To) => {
  const trained = new From({
    num_train_timesteps: 400,
    beta_schedule: 'scaled_linear',
    prediction_type: 'v_prediction',
    rescale_betas_zero_snr: true,
    steps_offset: 1,
    timestep_spacing: 'trailing',
  });

  it('takes the schedule and the spacing, from the config and from its JSON', () => {
    for (const config of [trained.config, asJson(trained)]) {
      const made = To.fromConfig(config);
      expect(made).toBeInstanceOf(To);
      expect(made.betas).toEqual(trained.betas);
      const { timestep_spacing, steps_offset, prediction_type } = made.config;
      expect([timestep_spacing, steps_offset, prediction_type]).toEqual([
        'trailing',
        1,
        'v_prediction',
      ]);
    }
  });

  it('has its own defaults for what was not given, but the betas of the training', () => {
    const made = To.fromConfig(new From().config);
    expect(made.config.timestep_spacing).toBe(new To().config.timestep_spacing);
    expect(made.betas).toEqual(new From().betas);
    // A file says everything, so nothing in it is a default.
    const { timestep_spacing } = To.fromConfig(asJson(new From())).config;
    expect(timestep_spacing).toBe(new From().config.timestep_spacing);
  });

  it('refuses keys that no scheduler has', () => {
    const bad = { ...asJson(new From()), beta_strat: 0.1, eta: 0.5 };
    expect(() => To.fromConfig(bad)).toThrow('beta_strat: unknown key\n  eta: unknown key');
  });

  it('survives JSON there and back', () => {
    const made = To.fromConfig(trained.config);
    const again = To.fromConfig(asJson(made));
    expect(again.config).toEqual(made.config);
    expect(asJson(again)).toEqual(asJson(made));
    expect(asJson(made)._class_name).toBe(To.name);
    expect(From.fromConfig(made.config).config).toEqual(trained.config);
    expect(From.fromConfig(asJson(made)).betas).toEqual(trained.betas);
    expect(new To(made.config as object).config).toEqual(made.config);
  });
});

const STABLE_DIFFUSION = {
  _class_name: 'PNDMScheduler',
  _diffusers_version: '0.6.0',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  trained_betas: null,
};

it('keeps what a sampler has no use for until there is one that has', () => {
  const euler = EulerDiscreteScheduler.fromConfig(STABLE_DIFFUSION);
  const dpm = DPMSolverMultistepScheduler.fromConfig(euler.config);
  const latents = { clip_sample: false, set_alpha_to_one: false };
  for (const config of [dpm.config, asJson(dpm), { ...dpm.config }])
    expect(DDIMScheduler.fromConfig(config).config).toMatchObject(latents);
  expect(asJson(dpm)).toMatchObject({ ...latents, skip_prk_steps: true });
  // They are no keys of this class: a config that somebody writes is taken at its word.
  expect(() => new EulerDiscreteScheduler({ ...euler.config })).toThrow(
    'set_alpha_to_one: unknown key\n  skip_prk_steps: unknown key',
  );
});

describe.each<[string, Record<string, unknown>]>([
  ['PNDMScheduler', { skip_prk_steps: true }],
  ['FlaxPNDMScheduler', { skip_prk_steps: false }],
  ['LMSDiscreteScheduler', { use_karras_sigmas: false }],
  ['EulerAncestralDiscreteScheduler', { interpolation_type: 'linear' }],
  ['KDPM2DiscreteScheduler', { use_exponential_sigmas: false }],
  ['KDPM2AncestralDiscreteScheduler', { use_beta_sigmas: false }],
  ['UniPCMultistepScheduler', { predict_x0: true, solver_type: 'bh2', disable_corrector: [0] }],
  ['DEISMultistepScheduler', { algorithm_type: 'deis', solver_type: 'logrho' }],
  ['DPMSolverSinglestepScheduler', { lower_order_final: false, solver_order: 2 }],
  ['LCMScheduler', { original_inference_steps: 50, timestep_scaling: 10 }],
  ['TCDScheduler', { original_inference_steps: 50 }],
  ['SASolverScheduler', { predictor_order: 2, corrector_order: 2, tau_func: null }],
  ['RePaintScheduler', { eta: 0 }],
  ['UnCLIPScheduler', { variance_type: 'fixed_small', clip_sample_range: 5 }],
  ['DDIMInverseScheduler', {}],
  // Keys of former versions.
  ['DDIMScheduler', { timestep_values: null, timesteps: 1000, tensor_format: 'pt' }],
  ['DDPMScheduler', { predict_epsilon: true }],
])('a config of %s %j', (_class_name, keys) => {
  const config = { _class_name, _diffusers_version: '0.42.1', beta_start: 0.001, ...keys };
  it.each(classes)('makes a %o', (Class) => {
    expect(Class.fromConfig(config).config.beta_start).toBe(0.001);
  });
});

describe('values that are named otherwise', () => {
  it("of DPM-Solver's relatives", () => {
    const { config } = DPMSolverMultistepScheduler.fromConfig({
      _class_name: 'DEISMultistepScheduler',
      algorithm_type: 'deis',
      solver_type: 'logrho',
    });
    expect(config).toMatchObject({ algorithm_type: 'dpmsolver++', solver_type: 'midpoint' });
  });

  it("of DDPM's variance, which DPM-Solver++ has not and DDPM gets back", () => {
    const ddpm = new DDPMScheduler({ variance_type: 'fixed_large' });
    const dpm = DPMSolverMultistepScheduler.fromConfig(ddpm.config);
    expect(dpm.config.variance_type).toBeNull();
    expect(DDPMScheduler.fromConfig(dpm.config).config.variance_type).toBe('fixed_large');
    const fresh = asJson(new DPMSolverMultistepScheduler());
    expect(DDPMScheduler.fromConfig(fresh).config.variance_type).toBe('fixed_small');
  });

  it('are not understood by the constructor', () => {
    const bad = { solver_type: 'bh2' } as unknown as { solver_type: 'heun' };
    expect(() => new DPMSolverMultistepScheduler(bad)).toThrow(
      "solver_type: expected 'midpoint' | 'heun', got 'bh2'",
    );
  });
});

describe('changes', () => {
  it('go over the config, as keyword arguments of from_config', () => {
    const ddim = DDIMScheduler.fromConfig(STABLE_DIFFUSION, {
      timestep_spacing: 'trailing',
      steps_offset: undefined,
      eta: 0.5,
    });
    expect(ddim.config).toMatchObject({ timestep_spacing: 'trailing', steps_offset: 1 });
    expect(ddim.options).toEqual({ eta: 0.5, useClippedModelOutput: false });
    const sde = DPMSolverMultistepScheduler.fromConfig(ddim.config, {
      algorithm_type: 'sde-dpmsolver++',
    });
    expect(sde.config).toMatchObject({
      algorithm_type: 'sde-dpmsolver++',
      timestep_spacing: 'trailing',
    });
  });

  it("are the class's own keys", () => {
    const changes = { predict_x0: true } as object;
    expect(() => DDIMScheduler.fromConfig(STABLE_DIFFUSION, changes)).toThrow(
      'predict_x0: unknown key',
    );
  });
});

describe('refusals name the key', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ trained_betas: [0.1, 0.2] }, 'trained_betas: expected null'],
    [{ beta_schedule: 'sigmoid' }, "beta_schedule: expected 'linear'"],
    [{ prediction_type: 'flow_prediction' }, "prediction_type: expected 'epsilon'"],
    [{ num_train_timesteps: 0 }, 'num_train_timesteps: expected an integer ≥ 1, got 0'],
    [{ skip_prk_step: true }, 'skip_prk_step: unknown key'],
    [{ original_inference_steps: 50 }, 'original_inference_steps: unknown key'],
    [{ eta: 0.5 }, 'eta: unknown key'],
    [{ predict_epsilon: false }, 'predict_epsilon: unknown key'],
    [{ timestep_values: [1, 2] }, 'timestep_values: unknown key'],
    [{ _class_name: 7 }, 'got one of 7'],
    [{ _class_name: 'FlowMatchEulerDiscreteScheduler' }, 'a config of a scheduler over betas'],
    [{ _class_name: 'EDMEulerScheduler' }, "got one of 'EDMEulerScheduler'"],
    [{ _class_name: 'constructor' }, "got one of 'constructor'"],
  ])('%j', (config, message) => {
    for (const Class of classes) expect(() => Class.fromConfig(config)).toThrow(message);
  });

  it.each([
    [EulerDiscreteScheduler, { use_karras_sigmas: true }, 'use_karras_sigmas: expected false'],
    [HeunDiscreteScheduler, { use_beta_sigmas: true }, 'use_beta_sigmas: expected false'],
    [DPMSolverMultistepScheduler, { solver_order: 3 }, 'solver_order: expected 1 | 2, got 3'],
    [DPMSolverMultistepScheduler, { variance_type: 'learned' }, 'variance_type: expected null'],
    [DDPMScheduler, { variance_type: 'learned_range' }, "variance_type: expected 'fixed_small'"],
  ])('%o %j', (Class, config, message) => {
    expect(() => Class.fromConfig({ _class_name: 'UniPCMultistepScheduler', ...config })).toThrow(
      message,
    );
    expect(() => DDIMScheduler.fromConfig(config)).not.toThrow(); // it has no such key
  });

  it.each([null, undefined, 'PNDMScheduler', [1], 3])('what is no config: %j', (json) => {
    for (const Class of classes)
      expect(() => Class.fromConfig(json)).toThrow('expected the object of a scheduler_config');
  });
});

it("leaves out Python's list of defaults, and what diffusers notes of itself", () => {
  const config = {
    ...STABLE_DIFFUSION,
    timestep_spacing: 'leading',
    _use_default_values: ['timestep_spacing', 'beta_start'],
    _name_or_path: 'somewhere',
    quantization_config: {},
  };
  const { config: made } = EulerDiscreteScheduler.fromConfig(config);
  expect(made).toMatchObject({ timestep_spacing: 'linspace', beta_start: 0.00085 });
});

it('takes the offset of SDXL, and the thresholding that Euler has not', () => {
  const config = { timestep_spacing: 'leading', steps_offset: 1, sample_max_value: 1 };
  for (const Class of [EulerDiscreteScheduler, HeunDiscreteScheduler]) {
    const made = Class.fromConfig({ ...config, thresholding: true });
    made.setTimesteps(15);
    const visited = [...new Set(made.timesteps)];
    expect([visited[0], visited[1], visited.at(-1), visited.length]).toEqual([925, 859, 1, 15]);
    expect(made.config.thresholding).toBe(false);
    expect(DDIMScheduler.fromConfig(made.config).config.thresholding).toBe(true);
  }
});

describe('by class name', () => {
  it.each(classes)('%o loads again', (Class) => {
    const scheduler = new Class({ beta_schedule: 'squaredcos_cap_v2', steps_offset: 1 });
    const found = schedulerFromConfig(asJson(scheduler));
    expect(found).toBeInstanceOf(Class);
    expect(found.config).toEqual(scheduler.config);
  });

  it('FlowMatchEulerDiscreteScheduler loads again', () => {
    const scheduler = new FlowMatchEulerDiscreteScheduler({ shift: 3, num_train_timesteps: 400 });
    const found = schedulerFromConfig(asJson(scheduler));
    expect(found).toBeInstanceOf(FlowMatchEulerDiscreteScheduler);
    expect(found.config).toEqual(scheduler.config);
  });

  it.each([STABLE_DIFFUSION, {}, null, { _class_name: 'toString' }])('refuses %j', (json) => {
    expect(() => schedulerFromConfig(json)).toThrow(
      'expected _class_name to be one of DDPMScheduler, DDIMScheduler, DPMSolverMultistepScheduler, ' +
        'EulerDiscreteScheduler, HeunDiscreteScheduler, FlowMatchEulerDiscreteScheduler, got',
    );
  });

  it("reads Python's infinity", () => {
    const text = '{"a": -Infinity, "b": [Infinity, "-Infinity \\"Infinity\\""], "Infinity": 1}';
    const expected = { a: -Infinity, b: [Infinity, '-Infinity "Infinity"'], Infinity: 1 };
    expect(parseSchedulerConfig(text)).toEqual(expected);
    expect(() => parseSchedulerConfig('{"a": nan}')).toThrow(SyntaxError);
  });
});
