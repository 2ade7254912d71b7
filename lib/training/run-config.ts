/** What a run is: what must not change when it goes on from a checkpoint, and what may. */
import type { Objective } from './objective';
import type { ResolvedTrainerOptions } from './trainer-options';

/** Options that may be changed when a run is resumed: it goes on soundly with the new values. */
const FREE: readonly (keyof ResolvedTrainerOptions)[] = [
  'learningRate',
  'lrSchedule',
  'maxGradNorm',
  'maxSkippedSteps',
  'microBatchSize',
  'nonFinite',
  'exchangeGradients',
  'weightDecay',
];

/** Flat, JSON values only. */
export type RunConfig = Readonly<Record<string, unknown>>;

/** Everything that decides a run's numbers, apart from the weights and what may change. */
export function runConfig(objective: Objective, options: ResolvedTrainerOptions): RunConfig {
  const own = Object.entries(options).filter(([name]) => !(FREE as string[]).includes(name));
  return { ...Object.fromEntries(own), ...objective.identity() };
}

const shown = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'none';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/** Every key that differs, with both values. */
export function configDifferences(saved: RunConfig, present: RunConfig): string[] {
  const keys = [...new Set([...Object.keys(saved), ...Object.keys(present)])];
  return keys
    .filter((key) => JSON.stringify(saved[key]) !== JSON.stringify(present[key]))
    .map(
      (key) =>
        `${key}: expected ${shown(saved[key])} as in the checkpoint, got ${shown(present[key])}`,
    );
}
