import { checkOptions } from '../options';

/** As diffusers' `set_progress_bar_config` takes it. */
export interface ProgressBarConfig {
  /** Whether `generate` shows none. Default false. */
  readonly disable?: boolean | undefined;
  /** Default: `generate`. */
  readonly description?: string | undefined;
  /** Whether the bar stays when it is finished. Default: yes, unless it runs within another one. */
  readonly leave?: boolean | undefined;
}

const isBoolean = (value: unknown) => value === undefined || typeof value === 'boolean';

/** @throws RangeError naming every option that is unknown or out of range */
export function checkProgressBarConfig(config: ProgressBarConfig): ProgressBarConfig {
  return checkOptions<ProgressBarConfig>(
    'setProgressBarConfig',
    config,
    {},
    {
      disable: ['true or false', isBoolean],
      description: ['a string', (v) => v === undefined || typeof v === 'string'],
      leave: ['true or false', isBoolean],
    },
  );
}
