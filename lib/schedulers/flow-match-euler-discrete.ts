/**
 * Flow matching: images and noise on straight lines, x_σ = (1 − σ) · x0 + σ · noise, along which the model predicts the
 * velocity v = noise − x0. A step goes straight on by it, as Euler's method.
 *
 * Liu et al. 2023, "Flow straight and fast: learning to generate and transfer data with rectified flow"; Lipman et al. 2023,
 * "Flow matching for generative modeling"; the shift of σ as in Esser et al. 2024, "Scaling rectified flow transformers for
 * high-resolution image synthesis". Options and numbers as in diffusers'
 * schedulers/scheduling_flow_match_euler_discrete.py: σ = 1 is noise, other papers' t = 1 is the image. This v is not that
 * of v-prediction, whose α² + σ² = 1.
 */
import { tf } from '../backend';
import { gatherRows } from '../nn/gather-rows';
import {
  bool,
  integer,
  numberBetween,
  oneOf,
  only,
  resolveConfig,
  show,
  type ConfigRules,
} from './config-rules';
import { configObject } from './from-config';
import type { NoiseLevel, Sampler, StepCoefficients } from './scheduler';
import { checkNumInferenceSteps } from './timesteps';

export interface FlowMatchEulerDiscreteSchedulerConfig {
  /** σ of the training are 1/n, 2/n … 1, shifted; time steps are σ · n. */
  readonly num_train_timesteps: number;
  /** s in s · σ / (1 + (s − 1) · σ): above 1 more of the steps go to the noisy end. */
  readonly shift: number;
  readonly use_dynamic_shifting: false;
  readonly base_shift: number;
  readonly max_shift: number;
  readonly base_image_seq_len: number;
  readonly max_image_seq_len: number;
  readonly invert_sigmas: false;
  /** Stretches the sampling's σ so that the last is this. */
  readonly shift_terminal: number | null;
  /** The steps between the sampling's first and last σ as in Karras et al. 2022, with ρ = 7. */
  readonly use_karras_sigmas: boolean;
  /** The steps between the sampling's first and last σ evenly in log σ. */
  readonly use_exponential_sigmas: boolean;
  readonly use_beta_sigmas: false;
  readonly time_shift_type: 'exponential' | 'linear';
  /** Each step goes to the predicted image and takes up fresh noise, in place of straight on. */
  readonly stochastic_sampling: boolean;
}

type Config = FlowMatchEulerDiscreteSchedulerConfig;

const NAME = 'FlowMatchEulerDiscreteScheduler';
/** These only matter with dynamic shifting. */
const unused = (initial: number) => numberBetween(initial, 0, Infinity);

const RULES: ConfigRules<Config> = {
  num_train_timesteps: integer(1000, 1),
  shift: numberBetween(1, 0, Infinity),
  use_dynamic_shifting: only(false),
  base_shift: unused(0.5),
  max_shift: unused(1.15),
  base_image_seq_len: integer(256, 1),
  max_image_seq_len: integer(4096, 1),
  invert_sigmas: only(false),
  shift_terminal: {
    default: null,
    expects: 'null | a number in (0, 1)',
    accepts: (v) => v === null || (typeof v === 'number' && v > 0 && v < 1),
  },
  use_karras_sigmas: bool(false),
  use_exponential_sigmas: bool(false),
  use_beta_sigmas: only(false),
  time_shift_type: oneOf(['exponential', 'linear'], 'exponential'),
  stochastic_sampling: bool(false),
};

const conflicts = (config: Config) =>
  config.use_karras_sigmas && config.use_exponential_sigmas
    ? ['use_exponential_sigmas: expected false with use_karras_sigmas, got true']
    : [];

const f32 = Math.fround;

/** `n` numbers from `first` to `last`, evenly. */
function linspace(first: number, last: number, n: number): number[] {
  const step = n > 1 ? (last - first) / (n - 1) : 0;
  return Array.from({ length: n }, (_, i) => (i > 0 && i === n - 1 ? last : first + i * step));
}

export class FlowMatchEulerDiscreteScheduler implements Sampler {
  readonly config: Readonly<Config>;
  /** The velocity leaves nothing to clip. */
  readonly bounds = null;
  readonly initNoiseSigma = 1;
  /** Time steps of the training, noisiest first, float32: σ · num_train_timesteps, shifted. */
  readonly trainTimesteps: Float32Array;
  timesteps: Float32Array;
  /** σ at each time step, and 0 at the end of a sampling. */
  sigmas: Float32Array;

  /**
   * @param config keys and defaults of diffusers' FlowMatchEulerDiscreteScheduler
   * @throws Error that names all unknown and unsupported keys
   */
  constructor(config: Partial<Config> = {}) {
    this.config = resolveConfig(NAME, RULES, config, conflicts);
    const { num_train_timesteps: n, shift } = this.config;
    // float32 at each operation, as torch
    const unshifted = Float32Array.from({ length: n }, (_, i) => f32(n - i) / n);
    const bottom = (sigma: number) => f32(1 + f32(f32(shift - 1) * sigma));
    this.sigmas = unshifted.map((sigma) => f32(f32(shift) * sigma) / bottom(sigma));
    this.trainTimesteps = this.sigmas.map((sigma) => sigma * n);
    this.timesteps = this.trainTimesteps;
  }

  /** From a scheduler_config.json or a config. @throws Error if it is another class's, or a key does not fit */
  static fromConfig(json: unknown, changes: Partial<Config> = {}): FlowMatchEulerDiscreteScheduler {
    const { _class_name: from = NAME, ...keys } = configObject(NAME, json);
    if (from !== NAME) {
      throw new Error(
        `${NAME}: expected a config of this class, got one of ${show(from)}: a model that is trained over betas ` +
          'predicts something else.',
      );
    }
    const own = Object.entries(keys).filter(([key]) => !key.startsWith('_'));
    return new FlowMatchEulerDiscreteScheduler({ ...Object.fromEntries(own), ...changes });
  }

  /**
   * As in diffusers the shift is applied to σ that are shifted already, so that with a shift other than 1 the last one is
   * shifted twice: shift 3 and 10 steps end at 0.0089, not at 0.0030.
   *
   * @param numInferenceSteps 1…num_train_timesteps
   */
  setTimesteps(numInferenceSteps: number): void {
    const { config } = this;
    const { num_train_timesteps: n, shift, shift_terminal } = config;
    checkNumInferenceSteps(numInferenceSteps, n);
    const [most, least] = [this.trainTimesteps[0]! / n, this.trainTimesteps[n - 1]! / n].map(
      f32,
    ) as [number, number];
    let sigmas = linspace(most * n, least * n, numInferenceSteps).map((t) => t / n);
    sigmas = sigmas.map((sigma) => (shift * sigma) / (1 + (shift - 1) * sigma));
    const [first, last] = [sigmas[0]!, sigmas.at(-1)!];
    // A single step has nothing to stretch (diffusers divides 0 by 0).
    if (shift_terminal !== null && last < 1) {
      const factor = (1 - last) / (1 - shift_terminal);
      sigmas = sigmas.map((sigma) => 1 - (1 - sigma) / factor);
    }
    if (config.use_karras_sigmas) sigmas = karras(sigmas[0]!, sigmas.at(-1)!, numInferenceSteps);
    if (config.use_exponential_sigmas) {
      sigmas = linspace(Math.log(first), Math.log(sigmas.at(-1)!), numInferenceSteps).map(Math.exp);
    }
    this.sigmas = Float32Array.from([...sigmas, 0]);
    this.timesteps = this.sigmas.slice(0, -1).map((sigma) => sigma * n);
  }

  /** Of the image at a step's beginning: the shares of x0 and of noise. After the last step: 1 and 0. */
  levelAt(index: number): NoiseLevel {
    const sigma = this.sigmas[index] ?? 0;
    return { alpha: 1 - sigma, sigma };
  }

  stepCoefficients(index: number): StepCoefficients {
    const isPosition = Number.isInteger(index) && index >= 0 && index < this.timesteps.length;
    if (!isPosition || this.sigmas.length === this.timesteps.length) {
      throw new Error(
        `${NAME}: expected a position from 0 to ${this.timesteps.length - 1} of a sampling, got ${index}. ` +
          'setTimesteps comes first.',
      );
    }
    const [sigma, next] = [this.sigmas[index]!, this.sigmas[index + 1]!];
    const common = { x0FromSample: 1, x0FromOutput: -sigma, previousOriginal: 0 };
    return this.config.stochastic_sampling
      ? { ...common, original: f32(1 - next), sample: 0, output: 0, noise: next }
      : { ...common, original: 0, sample: 1, output: f32(next - sigma), noise: 0 };
  }

  /**
   * σ · noise + (1 − σ) · samples; diffusers' `scale_noise`.
   *
   * @param timesteps float32 [B], σ · num_train_timesteps
   * @returns shaped as the samples; the caller disposes it
   */
  scaleNoise<T extends tf.Tensor>(samples: T, noise: tf.Tensor, timesteps: tf.Tensor1D): T {
    return tf.tidy(() => {
      const sigmas = tf.div(timesteps, this.config.num_train_timesteps);
      const shaped = tf.reshape(sigmas, [-1, ...samples.shape.slice(1).map(() => 1)]);
      return tf.add(tf.mul(shaped, noise), tf.mul(tf.sub(1, shaped), samples)) as T;
    });
  }

  /**
   * Time steps of the training by how far along they are.
   *
   * @param u float32 [B], 0 the noisy end, 1 the image
   * @returns float32 [B]; the caller disposes it
   */
  timestepsAt(u: tf.Tensor1D): tf.Tensor1D {
    return tf.tidy(() => {
      const n = this.config.num_train_timesteps;
      // A share that rounds to 1 is still the last one's.
      const index = tf.clipByValue(tf.floor(tf.mul(u, n)), 0, n - 1);
      return gatherRows(tf.tensor1d(this.trainTimesteps), tf.cast(index, 'int32')) as tf.Tensor1D;
    });
  }

  toJSON(): Record<string, unknown> {
    return { _class_name: NAME, ...this.config };
  }
}

/** Karras et al. 2022, equation 5. */
function karras(most: number, least: number, n: number, rho = 7): number[] {
  const [from, to] = [most ** (1 / rho), least ** (1 / rho)];
  return linspace(0, 1, n).map((share) => (from + share * (to - from)) ** rho);
}
