import { sharedConfig, type NoiseScheduleConfig } from './config';
import { definedKeys } from '../options';
import { DDIMScheduler } from './ddim';
import { DDPMScheduler } from './ddpm';
import { DPMSolverMultistepScheduler } from './dpm-solver-multistep';
import { EulerDiscreteScheduler } from './euler-discrete';
import { HeunDiscreteScheduler } from './heun-discrete';
import type { Scheduler } from './scheduler';

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

/** Names of the samplers that `makeSampler` knows. */
export const SAMPLER_NAMES = Object.keys(SAMPLERS) as SamplerName[];

/**
 * A sampler over the noise schedule that a model was trained with. DDIM takes the noise that fits the clipped x0
 * (`useClippedModelOutput`, as GLIDE's sampler does); `new DDIMScheduler` leaves that off, as diffusers.
 *
 * @param trained the config of the training's scheduler
 * @param changes keys that the sampling is to differ in, for example `timestep_spacing`
 * @throws RangeError for an unknown name; Error for keys that do not fit
 */
export function makeSampler(
  name: SamplerName,
  trained: NoiseScheduleConfig,
  changes: Partial<NoiseScheduleConfig> = {},
): Scheduler {
  if (!Object.hasOwn(SAMPLERS, name)) {
    throw new RangeError(
      `makeSampler: expected one of ${SAMPLER_NAMES.join(', ')}, got ${String(name)}.`,
    );
  }
  return SAMPLERS[name]({ ...sharedConfig(trained), ...definedKeys(changes) });
}
