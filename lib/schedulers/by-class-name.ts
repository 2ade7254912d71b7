import { show } from './config-rules';
import { DDIMScheduler } from './ddim';
import { DDPMScheduler } from './ddpm';
import { DPMSolverMultistepScheduler } from './dpm-solver-multistep';
import { EulerDiscreteScheduler } from './euler-discrete';
import { FlowMatchEulerDiscreteScheduler } from './flow-match-euler-discrete';
import { HeunDiscreteScheduler } from './heun-discrete';
import type { Scheduler } from './scheduler';

/** The schedulers over betas, by diffusers' names of the classes. Each makes its config of any other's. */
export const BETA_SCHEDULER_CLASSES = {
  DDPMScheduler,
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerDiscreteScheduler,
  HeunDiscreteScheduler,
} as const;

export type BetaSchedulerClassName = keyof typeof BETA_SCHEDULER_CLASSES;

/** All schedulers of this library. */
export const SCHEDULER_CLASSES = {
  ...BETA_SCHEDULER_CLASSES,
  FlowMatchEulerDiscreteScheduler,
} as const;

export type SchedulerClassName = keyof typeof SCHEDULER_CLASSES;

/**
 * The scheduler that a scheduler_config.json is of, by its `_class_name`.
 *
 * @throws Error that names the classes there are, if it is another's; or as the class's `fromConfig`
 */
export function schedulerFromConfig(json: unknown): Scheduler | FlowMatchEulerDiscreteScheduler {
  const name = (json as { _class_name?: unknown } | null | undefined)?._class_name;
  if (typeof name === 'string' && Object.hasOwn(SCHEDULER_CLASSES, name))
    return SCHEDULER_CLASSES[name as SchedulerClassName].fromConfig(json);
  throw new Error(
    `schedulerFromConfig: expected _class_name to be one of ${Object.keys(SCHEDULER_CLASSES).join(', ')}, ` +
      `got ${show(name)}. Another scheduler's config makes one of these by its fromConfig, for example ` +
      'DDIMScheduler.fromConfig(json).',
  );
}

/**
 * A scheduler_config.json's text as an object. Python writes −∞ as `-Infinity`, which JSON has not: the default of
 * DPM-Solver++'s lambda_min_clipped in every file that diffusers saves.
 *
 * @throws SyntaxError if it is no JSON but for that
 */
export function parseSchedulerConfig(text: string): unknown {
  // Strings are matched whole, so that the word inside of one stays; 1e999 is more than a number can hold.
  const json = text.replace(
    /("(?:[^"\\]|\\.)*")|Infinity/g,
    (_, string: string | undefined) => string ?? '1e999',
  );
  return JSON.parse(json) as unknown;
}
