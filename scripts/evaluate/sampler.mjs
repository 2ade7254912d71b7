// The sampler that a command line asks for, of what the model was trained with.
import { checkedBy, misuse } from '../command-line/command.mjs';

/**
 * @param {object} command whose misuse it is
 * @param {{ folder: string, scheduler: object, name?: string, spacing?: string, changes: object }} asked
 * @returns {{ name: string, scheduler: object }} with the name by default
 */
export function askedSampler(sd, command, { folder, scheduler, name, spacing, changes }) {
  const isFlow = scheduler instanceof sd.FlowMatchEulerDiscreteScheduler;
  const chosen = name ?? (isFlow ? 'flow' : 'ddpm');
  const names = isFlow ? sd.FLOW_SAMPLER_NAMES : sd.SAMPLER_NAMES;
  if (!names.includes(chosen)) {
    misuse(command, [
      `--scheduler ${chosen}: expected ${names.join(', ')}: ${folder} was trained ` +
        `${isFlow ? 'by flow matching' : 'over betas'}.`,
    ]);
  }
  const more = spacing && { timestep_spacing: spacing };
  const made = checkedBy(command, more ? '--spacing, --config' : '--config', () =>
    sd.makeSampler(chosen, scheduler.config, { ...more, ...changes }),
  );
  return { name: chosen, scheduler: made };
}
