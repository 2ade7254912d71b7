/**
 * Constructions, spacings, offsets, configs of other schedulers and public scheduler_config.json files, against the
 * real diffusers.
 */
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import {
  BETA_SCHEDULER_CLASSES,
  type BetaSchedulerClassName,
} from '../../lib/schedulers/by-class-name';
import {
  isKnownKey,
  isKnownScheduler,
  KNOWN_SCHEDULERS,
} from '../../lib/schedulers/known-schedulers';
import type { Scheduler } from '../../lib/schedulers/scheduler';
import { fakeModel } from '../schedulers/golden-run';
import { MINUTES_10, readJson, runPython, temporaryFolder, writeJson } from './python';

type Config = Record<string, unknown>;

interface Case {
  readonly class: BetaSchedulerClassName;
  readonly config: Config;
  /** From a live scheduler of that class, made with the config. */
  readonly live?: BetaSchedulerClassName;
  /** From a file's object. */
  readonly json?: boolean;
  readonly steps: readonly number[];
  /** Samplings of up to that many steps are compared by their images, too. */
  readonly imagesUpTo?: number;
}

interface Run {
  readonly timesteps?: number[];
  /** Null where diffusers fails, and for its NaN. */
  readonly image?: (number | null)[] | null;
  readonly error?: string;
}

interface Answer {
  readonly config: Config;
  readonly before: number[];
  readonly alphas: number[];
  readonly runs: Run[];
}

const classes = Object.keys(BETA_SCHEDULER_CLASSES) as BetaSchedulerClassName[];
const folder = temporaryFolder();
const table = path.join(__dirname, '..', 'fixtures', 'public-configs', 'schedulers.json');
const publicConfigs = Object.entries(
  readJson(table) as Record<string, { readonly keys: Config }>,
).map(([name, { keys }]) => [`${name}.json`, keys] as const);

const constructions: Case[] = classes.flatMap((name) =>
  [1, 2, 3, 10, 1000].flatMap((num_train_timesteps) =>
    (['linspace', 'leading', 'trailing'] as const).flatMap((timestep_spacing) =>
      [0, 1, 2].map((steps_offset): Case => {
        const config = { num_train_timesteps, timestep_spacing, steps_offset };
        const counts = [1, 2, 3, 9, 10, 15, 50, 999, 1000];
        const steps = counts.filter((n) => n <= num_train_timesteps);
        const most = { DDPMScheduler: 0, DPMSolverMultistepScheduler: 1000 }[name as string] ?? 15;
        return { class: name, config, steps, imagesUpTo: most };
      }),
    ),
  ),
);

const clippings: Case[] = [-5.1, -2, -1, 0.5].flatMap((lambda_min_clipped) =>
  ['linspace', 'leading'].flatMap((timestep_spacing) =>
    ['linear', 'squaredcos_cap_v2'].map((beta_schedule): Case => {
      const config = {
        num_train_timesteps: 10,
        lambda_min_clipped,
        beta_schedule,
        timestep_spacing,
      };
      const steps = Array.from({ length: 10 }, (_, i) => i + 1);
      return { class: 'DPMSolverMultistepScheduler', config, steps, imagesUpTo: 10 };
    }),
  ),
);

const TRAININGS: Config[] = [
  {},
  { num_train_timesteps: 100, beta_schedule: 'scaled_linear', beta_start: 0.001, beta_end: 0.03 },
  { timestep_spacing: 'trailing', prediction_type: 'v_prediction', steps_offset: 1 },
];
const pairs: Case[] = classes.flatMap((live) =>
  classes.flatMap((name) =>
    TRAININGS.map((config): Case => ({ class: name, live, config, steps: [5, 7] })),
  ),
);

/** What diffusers takes and this library refuses, and why. */
const REFUSED: Readonly<Record<string, Partial<Record<BetaSchedulerClassName | 'all', RegExp>>>> = {
  'svd-euler-karras.json': {
    EulerDiscreteScheduler:
      /sigma_max: expected null .* got 124.8983[^]*sigma_min: [^]*timestep_type: [^]*use_karras_sigmas: /,
    HeunDiscreteScheduler: /use_karras_sigmas: expected false .* got true/,
    DPMSolverMultistepScheduler: /use_karras_sigmas: expected false .* got true/,
  },
  'cogvideox-ddim.json': { all: /got one of 'CogVideoXDDIMScheduler'/ },
  'flux-flow-match.json': { all: /got one of 'FlowMatchEulerDiscreteScheduler'/ },
};
const refusalOf = (file: string, name: BetaSchedulerClassName) =>
  REFUSED[file]?.all ?? REFUSED[file]?.[name];
const files = publicConfigs.flatMap(([file, config]) =>
  classes.map((name) => ({ file, config, name })),
);
const loaded = files.filter(({ file, name }) => !refusalOf(file, name));
const fromFiles = loaded.map(({ config, name }): Case => {
  return { class: name, config, json: true, steps: [20] };
});

const cases = [...constructions, ...clippings, ...pairs, ...fromFiles];
let answers: ReadonlyMap<Case, Answer>;
let signatures: Readonly<Record<string, string[]>>;

beforeAll(() => {
  writeJson(path.join(folder, 'cases.json'), cases);
  runPython('scheduler_configs.py', folder);
  const found = readJson(path.join(folder, 'answers.json')) as {
    signatures: Record<string, string[]>;
    answers: Answer[];
  };
  answers = new Map(cases.map((one, i) => [one, found.answers[i]!]));
  ({ signatures } = found);
}, MINUTES_10);

function make({ class: name, config, live, json }: Case): Scheduler {
  if (live)
    return BETA_SCHEDULER_CLASSES[name].fromConfig(new BETA_SCHEDULER_CLASSES[live](config).config);
  return json
    ? BETA_SCHEDULER_CLASSES[name].fromConfig(config)
    : new BETA_SCHEDULER_CLASSES[name](config);
}

function image(scheduler: Scheduler): number[] {
  return tf.tidy(() => {
    const start = tf.range(0, 6).mul(2.3).add(1).sin().reshape([1, 6]);
    let [x, previousOriginal] = [start.mul(scheduler.initNoiseSigma), null as tf.Tensor | null];
    for (const t of scheduler.timesteps) {
      const next = scheduler.step(fakeModel(x, t), t, x, null, previousOriginal);
      [x, previousOriginal] = [next.prevSample, next.predOriginalSample];
    }
    return [...x.dataSync()];
  });
}

/** What a sampling asks of a schedule that it has not, in diffusers an IndexError or NaN. */
const LIMITS =
  /steps_offset .* moves the first|number of sampling steps to be an integer from 1 to/;

/** Compares one case; returns how many samplings were alike. */
function compare(one: Case): number {
  const what = JSON.stringify(one);
  const { before, alphas, runs } = answers.get(one)!;
  const scheduler = make(one);
  expect([...scheduler.timesteps], `${what} before`).toEqual(before);
  expect(scheduler.alphasCumprod, what).toBeCloseToMax(alphas, 1e-6);
  let alike = 0;
  for (const [i, n] of one.steps.entries()) {
    const run = runs[i]!;
    const { timesteps = [] } = run;
    const where = `${what} ${n} steps`;
    let refusal = '';
    try {
      scheduler.setTimesteps(n);
    } catch (error) {
      refusal = (error as Error).message;
    }
    if (refusal) {
      expect(refusal, where).toMatch(LIMITS);
      const isBroken =
        run.error !== undefined ||
        run.image === null ||
        Math.max(...timesteps) >= scheduler.config.num_train_timesteps ||
        new Set(timesteps).size < timesteps.length;
      expect(isBroken, `${where}: refused here (${refusal}), not in diffusers`).toBe(true);
      continue;
    }
    // `trailing` of diffusers may visit one more, at −1.
    const theirs = timesteps.filter((t) => t >= 0);
    const mine = [...scheduler.timesteps];
    expect(mine, where).toEqual(theirs);
    alike++;
    if (n > (one.imagesUpTo ?? 0) || theirs.length < timesteps.length) continue;
    const images = image(scheduler);
    expect(images.every(Number.isFinite), where).toBe(true);
    if (run.image && !run.image.includes(null))
      expect(images, where).toBeCloseToMax(run.image as number[], 1e-4);
  }
  return alike;
}

describe('constructions, spacings and offsets', () => {
  it.each(classes)('%s', (name) => {
    const own = constructions.filter((one) => one.class === name);
    const alike = own.reduce((sum, one) => sum + compare(one), 0);
    expect(alike).toBeGreaterThan(150);
  });

  it('of DPM-Solver++ where lambda_min_clipped leaves few time steps', () => {
    const alike = clippings.reduce((sum, one) => sum + compare(one), 0);
    expect(alike).toBeGreaterThan(100);
  });
});

describe('from the config of another scheduler', () => {
  /** Of diffusers alone: Heun's betas where the other's were defaults (see from-config.ts). */
  const isHeunsBetas = ({ class: name, live, config }: Case) =>
    (name === 'HeunDiscreteScheduler') !== (live === 'HeunDiscreteScheduler') &&
    !('beta_start' in config);

  it.each(classes)('%s', (name) => {
    for (const one of pairs.filter((pair) => pair.class === name)) {
      const scheduler = make(one);
      const { config } = answers.get(one)!;
      for (const [key, value] of Object.entries(scheduler.config)) {
        const isOurs = /^(beta_start|beta_end)$/.test(key) && isHeunsBetas(one);
        if (key in config && !isOurs && key !== 'variance_type')
          expect(value, `${JSON.stringify(one)} ${key}`).toEqual(config[key]);
      }
      if (!isHeunsBetas(one)) compare(one);
      else
        expect(scheduler.noiseSchedule.betas).toEqual(
          make({ ...one, class: one.live! }).noiseSchedule.betas,
        );
    }
  });
});

describe('public files', () => {
  it.each(files)('$name of $file', ({ file, config, name }) => {
    const refusal = refusalOf(file, name);
    if (refusal) {
      expect(() => BETA_SCHEDULER_CLASSES[name].fromConfig(config)).toThrow(refusal);
      return;
    }
    const one = fromFiles[loaded.findIndex((l) => l.file === file && l.name === name)]!;
    expect(compare(one)).toBe(1);
    const made = make(one);
    const theirs = answers.get(one)!.config;
    for (const [key, value] of Object.entries(made.config))
      if (key in theirs && !/^(variance_type|solver_type)$/.test(key))
        expect(value, key).toEqual(theirs[key]);
    const again = BETA_SCHEDULER_CLASSES[name].fromConfig(JSON.parse(JSON.stringify(made)));
    expect(again.config).toEqual(made.config);
  });
});

it('the keys of other schedulers are those of the installed diffusers', () => {
  const overBetas = Object.entries(signatures).filter(
    ([name, keys]) => keys.includes('beta_schedule') && !name.startsWith('CogVideoX'),
  );
  expect(overBetas.map(([name]) => name).sort()).toEqual([...KNOWN_SCHEDULERS].sort());
  for (const [name, keys] of overBetas) {
    const unknown = keys.filter((key) => key !== 'kwargs' && !isKnownKey(key, null, name));
    expect(unknown, name).toEqual([]);
    expect(isKnownScheduler(`Flax${name}`)).toBe(true);
  }
  const all = new Set(overBetas.flatMap(([, keys]) => keys));
  for (const key of ['beta_strat', 'guidance_scale', 'shift', 'constructor', 'snr_shift_scale']) {
    expect(all.has(key)).toBe(false);
    expect(isKnownKey(key, null, 'DDIMScheduler')).toBe(false);
  }
});
