import { sharedConfig, type NoiseScheduleConfig } from './config';
import { definedKeys } from '../options';
import { DDIMScheduler } from './ddim';
import { DDPMScheduler } from './ddpm';
import { DPMSolverMultistepScheduler } from './dpm-solver-multistep';
import { EulerDiscreteScheduler } from './euler-discrete';
import {
  FlowMatchEulerDiscreteScheduler,
  type FlowMatchEulerDiscreteSchedulerConfig,
} from './flow-match-euler-discrete';
import { HeunDiscreteScheduler } from './heun-discrete';
import { isOverBetas, type Sampler, type Scheduler } from './scheduler';

const SAMPLERS = {
  ddpm: (config: Partial<NoiseScheduleConfig>) => new DDPMScheduler(config),
  // Guidance drives x0 out of range on much of the paper. The noise must then be that of the clipped x0: else
  // what was clipped comes back as noise, and turns the paper grey (docs/quality.md, "Why guidance hurt").
  ddim: (config: Partial<NoiseScheduleConfig>) =>
    new DDIMScheduler(config, { useClippedModelOutput: true }),
  'dpm-solver++': (config: Partial<NoiseScheduleConfig>) => new DPMSolverMultistepScheduler(config),
  'sde-dpm-solver++': (config: Partial<NoiseScheduleConfig>) =>
    new DPMSolverMultistepScheduler({ ...config, algorithm_type: 'sde-dpmsolver++' }),
  euler: (config: Partial<NoiseScheduleConfig>) => new EulerDiscreteScheduler(config),
  heun: (config: Partial<NoiseScheduleConfig>) => new HeunDiscreteScheduler(config),
} as const;

export type SamplerName = keyof typeof SAMPLERS;

/** Names of the samplers of models that were trained over betas. */
export const SAMPLER_NAMES = Object.keys(SAMPLERS) as SamplerName[];

/** Names of the samplers of models that were trained by flow matching. */
export const FLOW_SAMPLER_NAMES = ['flow'] as const;

export type FlowSamplerName = (typeof FLOW_SAMPLER_NAMES)[number];

type FlowConfig = FlowMatchEulerDiscreteSchedulerConfig;

/**
 * A sampler over the noise schedule that a model was trained with. DDIM takes the noise that fits the clipped x0
 * (`useClippedModelOutput`, as GLIDE's sampler does); `new DDIMScheduler` leaves that off, as diffusers.
 *
 * @param trained the config of the training's scheduler
 * @param changes keys that the sampling is to differ in, for example `timestep_spacing`
 * @throws RangeError for an unknown name, or one that is not for models that are trained so; Error for keys that do not fit
 */
export function makeSampler(
  name: SamplerName,
  trained: NoiseScheduleConfig,
  changes?: Partial<NoiseScheduleConfig>,
): Scheduler;
export function makeSampler(
  name: FlowSamplerName,
  trained: FlowConfig,
  changes?: Partial<FlowConfig>,
): FlowMatchEulerDiscreteScheduler;
export function makeSampler(
  name: SamplerName | FlowSamplerName,
  trained: NoiseScheduleConfig | FlowConfig,
  changes?: Partial<NoiseScheduleConfig> | Partial<FlowConfig>, // a mere object would be taken before the first signature
): Sampler;
export function makeSampler(
  name: SamplerName | FlowSamplerName,
  trained: NoiseScheduleConfig | FlowConfig,
  changes: object = {},
): Sampler {
  const { names, of } = isOverBetas({ config: trained })
    ? { names: SAMPLER_NAMES, of: 'over betas' }
    : { names: FLOW_SAMPLER_NAMES, of: 'by flow matching' };
  if (!(names as readonly string[]).includes(name)) {
    throw new RangeError(
      `makeSampler: expected one of ${names.join(', ')} for a model that is trained ${of}, got ${String(name)}.`,
    );
  }
  if (name === 'flow') {
    return new FlowMatchEulerDiscreteScheduler({
      ...trained,
      ...definedKeys(changes),
    } as FlowConfig);
  }
  return SAMPLERS[name]({
    ...sharedConfig(trained as NoiseScheduleConfig),
    ...definedKeys(changes),
  });
}
