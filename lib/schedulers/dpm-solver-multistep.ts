/**
 * DPM-Solver++ (2M): integrates the probability-flow equation in log-SNR, taking the change of the
 * predicted x0 since the step before into account. Needs about 20 steps, and adds no noise; as
 * `sde-dpmsolver++` it integrates the stochastic equation instead, which adds some at each step and so
 * mends errors of the steps before.
 *
 * Lu et al. 2022, "DPM-Solver++: fast solver for guided sampling of diffusion probabilistic models",
 * algorithm 2; options and numbers as in diffusers' schedulers/scheduling_dpmsolver_multistep.py.
 */
import { BaseScheduler, type SchedulerKind } from './base-scheduler';
import { noiseScheduleRules, scheduleConflicts, type NoiseScheduleConfig } from './config';
import { bool, oneOf, only, type ConfigRules } from './config-rules';
import { configFrom } from './from-config';
import { originalSampleForm } from './prediction';
import type { StepCoefficients } from './scheduler';
import {
  allTimesteps,
  checkNumInferenceSteps,
  spacedTimesteps,
  TIMESTEP_SPACINGS,
  wholeTimesteps,
} from './timesteps';

export interface DPMSolverMultistepSchedulerConfig extends NoiseScheduleConfig {
  /** 1 looks at the present x0 only (DDIM), 2 at the one before too. */
  readonly solver_order: 1 | 2;
  readonly algorithm_type: 'dpmsolver++' | 'sde-dpmsolver++';
  readonly solver_type: 'midpoint' | 'heun';
  /** First order at the last step of a sampling with fewer than 15. */
  readonly lower_order_final: boolean;
  /** First order at the last step of any sampling. */
  readonly euler_at_final: boolean;
  /** The noise that is left at the end: none, or that of time step 0. */
  readonly final_sigmas_type: 'zero' | 'sigma_min';
  /** Time steps with a smaller log(α/σ) are left out; −Infinity keeps all. */
  readonly lambda_min_clipped: number;
  readonly use_karras_sigmas: false;
  readonly use_exponential_sigmas: false;
  readonly use_beta_sigmas: false;
  readonly use_lu_lambdas: false;
  readonly use_flow_sigmas: false;
  readonly flow_shift: 1;
  readonly variance_type: null;
  readonly use_dynamic_shifting: false;
  readonly time_shift_type: 'exponential';
}

const rules: ConfigRules<DPMSolverMultistepSchedulerConfig> = {
  ...noiseScheduleRules,
  timestep_spacing: oneOf(TIMESTEP_SPACINGS, 'linspace'),
  solver_order: { default: 2, expects: '1 | 2', accepts: (v) => v === 1 || v === 2 },
  algorithm_type: {
    ...oneOf(['dpmsolver++', 'sde-dpmsolver++'], 'dpmsolver++'),
    meanings: new Map([['deis', 'dpmsolver++']]),
  },
  solver_type: {
    ...oneOf(['midpoint', 'heun'], 'midpoint'),
    meanings: new Map(['bh1', 'bh2', 'logrho'].map((theirs) => [theirs, 'midpoint'])),
  },
  lower_order_final: bool(true),
  euler_at_final: bool(false),
  final_sigmas_type: oneOf(['zero', 'sigma_min'], 'zero'),
  lambda_min_clipped: {
    default: -Infinity,
    expects: 'a finite number | -Infinity',
    accepts: (v) => typeof v === 'number' && v < Infinity,
  },
  use_karras_sigmas: only(false),
  use_exponential_sigmas: only(false),
  use_beta_sigmas: only(false),
  use_lu_lambdas: only(false),
  use_flow_sigmas: only(false),
  flow_shift: only(1),
  variance_type: {
    ...only(null),
    // Of DDPM's step; here it only matters whether the model predicts the variance.
    meanings: new Map(
      ['fixed_small', 'fixed_small_log', 'fixed_large', 'fixed_large_log'].map((t) => [t, null]),
    ),
  },
  use_dynamic_shifting: only(false),
  time_shift_type: only('exponential'),
};

function conflicts(config: DPMSolverMultistepSchedulerConfig): string[] {
  const { lambda_min_clipped, timestep_spacing } = config;
  const found = scheduleConflicts(config);
  if (timestep_spacing === 'trailing' && lambda_min_clipped > -Infinity) {
    // diffusers then makes another number of steps than asked for.
    found.push(
      `lambda_min_clipped: expected -Infinity with timestep_spacing 'trailing', got ${lambda_min_clipped}`,
    );
  }
  return found;
}

const kind: SchedulerKind<DPMSolverMultistepSchedulerConfig> = {
  className: 'DPMSolverMultistepScheduler',
  rules,
  conflicts,
  hasFiniteSigmas: true,
};

const f32 = Math.fround;

/** √ᾱ, √(1−ᾱ) and log of their ratio, from σ = √((1−ᾱ)/ᾱ). */
function noiseLevel(sigmaRatio: number) {
  const alpha = f32(1 / f32(Math.sqrt(f32(f32(sigmaRatio * sigmaRatio) + 1))));
  const sigma = f32(sigmaRatio * alpha);
  return { alpha, sigma, lambda: f32(f32(Math.log(alpha)) - f32(Math.log(sigma))) };
}

const sigmaRatio = (alphaBar: number) => f32(Math.sqrt(f32(f32(1 - alphaBar) / alphaBar)));

export class DPMSolverMultistepScheduler extends BaseScheduler<DPMSolverMultistepSchedulerConfig> {
  timesteps = allTimesteps(this.config.num_train_timesteps);

  /**
   * @param config keys and defaults of diffusers' DPMSolverMultistepScheduler
   * @throws Error that names all unknown and unsupported keys
   */
  constructor(config: Partial<DPMSolverMultistepSchedulerConfig> = {}) {
    super(kind, config);
  }

  /** From a scheduler_config.json or any scheduler's config; see `configFrom` for the keys of others. */
  static fromConfig(
    json: unknown,
    changes: Partial<DPMSolverMultistepSchedulerConfig> = {},
  ): DPMSolverMultistepScheduler {
    return new DPMSolverMultistepScheduler(configFrom(kind, json, changes));
  }

  /** JSON has no −Infinity, so the default of lambda_min_clipped is left to diffusers. */
  override toJSON(): Record<string, unknown> {
    const { lambda_min_clipped, ...rest } = super.toJSON();
    return lambda_min_clipped === -Infinity ? rest : { ...rest, lambda_min_clipped };
  }

  /**
   * Where more steps are asked for than there are time steps to go, `linspace` visits some twice, as in
   * diffusers; steps from one to itself change nothing.
   *
   * @param numInferenceSteps 1…num_train_timesteps (− 1 with `leading`, or fewer by lambda_min_clipped)
   * @throws Error if the number is out of range, or lambda_min_clipped leaves no time step
   */
  setTimesteps(numInferenceSteps: number): void {
    const { timestep_spacing: spacing, steps_offset, lambda_min_clipped } = this.config;
    const lambdas = this.alphasCumprod.map((alphaBar) => noiseLevel(sigmaRatio(alphaBar)).lambda);
    const usable = lambdas.filter((lambda) => lambda >= lambda_min_clipped).length;
    if (usable === 0) {
      throw new Error(
        `DPMSolverMultistepScheduler: expected lambda_min_clipped to leave a time step; ` +
          `${lambda_min_clipped} is above log(α/σ) of all, ${lambdas[0]} at most.`,
      );
    }
    // With one step more than asked for, the strides of `leading` have to stay ≥ 1.
    const most = spacing === 'leading' ? Math.max(1, usable - 1) : lambdas.length;
    checkNumInferenceSteps(numInferenceSteps, most);
    // The end of the sampling is the noiseless image, not time step 0: one more, which is left out.
    const isTrailing = spacing === 'trailing';
    const count = isTrailing ? numInferenceSteps : numInferenceSteps + 1;
    const spaced = spacedTimesteps(spacing, usable, count, steps_offset);
    this.timesteps = wholeTimesteps(spaced.slice(0, numInferenceSteps));
  }

  /** The noise level at a position of the sampling; after the last comes the end. */
  override levelAt(index: number) {
    const timestep = this.timesteps[index];
    if (timestep === undefined) {
      const isZero = this.config.final_sigmas_type === 'zero';
      return noiseLevel(isZero ? 0 : sigmaRatio(this.alphasCumprod[0]!));
    }
    // steps_offset may lead beyond the training's last step, whose level it then has, as in diffusers.
    const last = this.alphasCumprod.length - 1;
    return noiseLevel(sigmaRatio(this.alphasCumprod[Math.min(timestep, last)]!));
  }

  private orderAt(index: number, begin: number): 1 | 2 {
    const { solver_order, euler_at_final, lower_order_final, final_sigmas_type } = this.config;
    const steps = this.timesteps.length;
    const isLastLower =
      index === steps - 1 &&
      (euler_at_final || (lower_order_final && steps < 15) || final_sigmas_type === 'zero');
    return index === begin || isLastLower ? 1 : solver_order;
  }

  protected coefficientsAt(index: number, begin: number): StepCoefficients {
    const [now, next] = [this.levelAt(index), this.levelAt(index + 1)];
    const h = f32(next.lambda - now.lambda);
    const isSde = this.config.algorithm_type === 'sde-dpmsolver++';
    // How fast the present image is forgotten: e^(−h), squared where noise takes its place.
    const rate = isSde ? 2 : 1;
    const shrink = Math.exp(-rate * h) - 1;
    const first = -next.alpha * shrink;
    // Weight of the slope of x0, per unit of (x0 − previous x0).
    let slope = 0;
    if (this.orderAt(index, begin) === 2) {
      const hBefore = f32(now.lambda - this.levelAt(index - 1).lambda);
      const isMidpoint = this.config.solver_type === 'midpoint';
      slope = isMidpoint ? 0.5 * first : next.alpha * (shrink / (rate * h) + 1);
      slope /= hBefore / h;
      // Two looks at the same noise level have no slope between them (diffusers divides 0 by 0).
      if (!Number.isFinite(slope)) slope = 0;
    }
    const x0 = originalSampleForm(this.config.prediction_type, now.alpha, now.sigma);
    return {
      x0FromSample: x0.sample,
      x0FromOutput: x0.output,
      original: f32(first + slope),
      sample: f32((next.sigma / now.sigma) * (isSde ? Math.exp(-h) : 1)),
      output: 0,
      previousOriginal: f32(-slope),
      noise: isSde ? f32(next.sigma * Math.sqrt(-shrink)) : 0,
    };
  }
}
