import type { tf } from '../backend';
import { boundsOf, type NoiseScheduleConfig } from './config';
import { givenKeys, resolveConfig, type ConfigRules } from './config-rules';
import { NoiseSchedule } from './noise-schedule';
import {
  linearStep,
  type NoiseLevel,
  type Scheduler,
  type SchedulerStep,
  type StepCoefficients,
  type StepInputs,
} from './scheduler';
import type { Bounds } from './thresholding';
import { requireTensors } from '../options';

/** What a class of schedulers says of its configs. */
export interface SchedulerKind<C extends NoiseScheduleConfig> {
  /** diffusers' name of the class. */
  readonly className: string;
  readonly rules: ConfigRules<C>;
  /** What is wrong with keys that are each right by themselves. */
  readonly conflicts: (config: C) => string[];
  /** Whether its numbers divide by ᾱ, which must then not be 0. */
  readonly hasFiniteSigmas?: boolean;
}

/**
 * What all schedulers share. A scheduler adds its time steps (`timesteps`, `setTimesteps`) and its numbers
 * (`stepCoefficients`).
 */
export abstract class BaseScheduler<C extends NoiseScheduleConfig> implements Scheduler {
  readonly config: Readonly<C>;
  readonly noiseSchedule: NoiseSchedule;
  readonly betas: Float32Array;
  readonly alphasCumprod: Float32Array;
  readonly bounds: Bounds | null;
  abstract readonly timesteps: Int32Array | Float32Array;
  /** The time steps that `step` has gone along, and where it is. */
  private visited: { readonly timesteps: ArrayLike<number>; readonly index: number } | null = null;

  /** @throws Error that names all unknown and unsupported keys */
  protected constructor(
    private readonly kind: SchedulerKind<C>,
    config: Partial<C>,
  ) {
    this.config = resolveConfig(kind.className, kind.rules, config, kind.conflicts);
    this.noiseSchedule = new NoiseSchedule(this.config, kind);
    ({ betas: this.betas, alphasCumprod: this.alphasCumprod } = this.noiseSchedule);
    this.bounds = boundsOf(this.config);
  }

  get initNoiseSigma(): number {
    return 1;
  }

  abstract setTimesteps(numInferenceSteps: number): void;

  /** The numbers of a step whose index is a position of `timesteps`. */
  protected abstract coefficientsAt(index: number, begin: number): StepCoefficients;

  /** By ᾱ of the time step; schedulers over σ have it from there. */
  levelAt(index: number): NoiseLevel {
    const timestep = this.timesteps[index];
    if (timestep === undefined) return { alpha: 1, sigma: 0 };
    const alphaBar = this.alphasCumprod[timestep]!;
    return { alpha: Math.sqrt(alphaBar), sigma: Math.sqrt(Math.fround(1 - alphaBar)) };
  }

  stepCoefficients(index: number, begin = 0): StepCoefficients {
    if (Number.isInteger(index) && index >= 0 && index < this.timesteps.length)
      return this.coefficientsAt(index, begin);
    throw new Error(
      `Expected a position from 0 to ${this.timesteps.length - 1} of this sampling, got ${index}.`,
    );
  }

  /** The samples' noisy versions at int32 [B] time steps; see `addNoise` of forward-process. */
  addNoise<T extends tf.Tensor>(samples: T, noise: tf.Tensor, timesteps: tf.Tensor1D): T {
    requireTensors('addNoise', { samples, noise, timesteps });
    return this.noiseSchedule.addNoise(samples, noise, timesteps);
  }

  /** The target of v-prediction; see `getVelocity` of forward-process. */
  getVelocity<T extends tf.Tensor>(samples: T, noise: tf.Tensor, timesteps: tf.Tensor1D): T {
    requireTensors('getVelocity', { samples, noise, timesteps });
    return this.noiseSchedule.getVelocity(samples, noise, timesteps);
  }

  stepWithCoefficients(
    inputs: StepInputs,
    coefficients: StepCoefficients<number | tf.Scalar>,
  ): SchedulerStep {
    return linearStep(inputs, coefficients, this.bounds);
  }

  step(
    modelOutput: tf.Tensor,
    timestep: number,
    sample: tf.Tensor,
    noise: tf.Tensor | null = null,
    previousOriginal: tf.Tensor | null = null,
  ): SchedulerStep {
    const index = this.nextVisit(timestep);
    const inputs = { modelOutput, sample, noise, previousOriginal };
    const taken = this.stepWithCoefficients(inputs, this.stepCoefficients(index));
    this.visited = { timesteps: this.timesteps, index };
    return taken;
  }

  /** The next position with that time step; one that begins amid the sampling takes the second of two. */
  private nextVisit(timestep: number): number {
    const { timesteps, visited } = this;
    if (visited?.timesteps === timesteps) {
      const next = timesteps.indexOf(timestep, visited.index + 1);
      if (next >= 0) return next;
    }
    const first = timestepIndex(timesteps, timestep);
    return first > 0 && timesteps[first + 1] === timestep ? first + 1 : first;
  }

  /** With the keys of other schedulers that its own config came with: the next one may need them. */
  toJSON(): Record<string, unknown> {
    return { _class_name: this.kind.className, ...this.config, ...givenKeys(this.config) };
  }
}

/** The position of a time step in the sampling. @throws Error if the sampling does not visit it */
function timestepIndex(timesteps: Int32Array | Float32Array, timestep: number): number {
  const index = timesteps.indexOf(timestep);
  if (index >= 0) return index;
  const some = [...timesteps.slice(0, 3), ...(timesteps.length > 3 ? ['…', timesteps.at(-1)] : [])];
  throw new Error(
    `Expected one of the ${timesteps.length} time steps of this sampling (${some.join(', ')}), ` +
      `got ${timestep}. setTimesteps chooses them.`,
  );
}
