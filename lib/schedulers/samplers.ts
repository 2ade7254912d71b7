import { sharedConfig, type NoiseScheduleConfig } from './config';
import { DDIMScheduler } from './ddim';
import { DDPMScheduler } from './ddpm';
import { DPMSolverMultistepScheduler } from './dpm-solver-multistep';
import { EulerDiscreteScheduler } from './euler-discrete';
import { HeunDiscreteScheduler } from './heun-discrete';
import type { Scheduler } from './scheduler';

const SAMPLERS = {
  ddpm: (config: Partial<NoiseScheduleConfig>) => new DDPMScheduler(config),
  ddim: (config: Partial<NoiseScheduleConfig>) => new DDIMScheduler(config),
  'dpm-solver++': (config: Partial<NoiseScheduleConfig>) => new DPMSolverMultistepScheduler(config),
  euler: (config: Partial<NoiseScheduleConfig>) => new EulerDiscreteScheduler(config),
  heun: (config: Partial<NoiseScheduleConfig>) => new HeunDiscreteScheduler(config),
} as const;

export type SamplerName = keyof typeof SAMPLERS;

/** Names of the samplers that `makeSampler` knows. */
export const SAMPLER_NAMES = Object.keys(SAMPLERS) as SamplerName[];

/**
 * A sampler over the noise schedule that a model was trained with.
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
  return SAMPLERS[name]({ ...sharedConfig(trained), ...changes });
}
