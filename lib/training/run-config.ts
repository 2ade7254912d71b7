/** What a run is: what must not change when it goes on from a checkpoint, and what may. */
import { notice } from '../notices';
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
  'cluster',
  'gradientCompression',
  'mixedPrecision',
  'xla',
  'loggingSteps',
];

/** Of these, those that are constants of the training step's graph: a new trainer takes them, not one that is made. */
const AT_START: readonly (keyof ResolvedTrainerOptions)[] = [
  'weightDecay',
  'cluster',
  'gradientCompression',
  'mixedPrecision',
  'xla',
];

/** What checkpoints that do not name an option were trained with. */
const BEFORE_THE_OPTION = { mixedPrecision: 'no', xla: false, loggingSteps: 1 };

/** Options that a run's config does not have where they are these. */
const LEFT_OUT: RunConfig = { optimizer: 'adamw', lrScales: {} };

/** An option that differs. */
export interface Change {
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
}

const isSame = (a: unknown, b: unknown) =>
  typeof a === 'function' || typeof b === 'function'
    ? a === b
    : JSON.stringify(a) === JSON.stringify(b);

/** The options that may change and can be written, as they are. */
export function freeOptions(options: ResolvedTrainerOptions): Record<string, unknown> {
  const entries = FREE.map((name) => [name, options[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => typeof value !== 'function'));
}

/** @param saved of a checkpoint; undefined of one that was saved before they were kept */
export function freeChanges(saved: RunConfig | undefined, present: RunConfig): Change[] {
  if (typeof saved !== 'object' || saved === null) return [];
  const before: RunConfig = { ...BEFORE_THE_OPTION, ...saved };
  return Object.keys(before)
    .filter((name) => name in present && !isSame(before[name], present[name]))
    .map((name) => ({ name, before: before[name], after: present[name] }));
}

/** @throws RangeError naming every option that a made trainer cannot change */
export function changesInPlace(
  before: ResolvedTrainerOptions,
  after: ResolvedTrainerOptions,
): Change[] {
  const names = Object.keys(after) as (keyof ResolvedTrainerOptions)[];
  const changed = names
    .filter((name) => !isSame(before[name], after[name]))
    .map((name) => ({ name, before: before[name], after: after[name] }));
  const fixed = changed.filter(({ name }) => !FREE.includes(name) || AT_START.includes(name));
  if (fixed.length === 0) return changed;
  const listed = fixed.map(
    ({ name, before: b, after: a }) =>
      `${name}: expected ${shown(b)} as the trainer was made with, got ${shown(a)}`,
  );
  const anew = fixed.every(({ name }) => AT_START.includes(name))
    ? 'Make a new Trainer and resumeTraining, which takes it.'
    : 'Make a new Trainer, over another run folder.';
  throw new RangeError(`Trainer.setOptions: ${listed.join('; ')}. ${anew}`);
}

/** Says in a line what is taken from now on. */
export function sayChanges(who: string, changes: readonly Change[], step: number): void {
  if (changes.length === 0) return;
  const text = (value: unknown) => (typeof value === 'function' ? 'a function' : shown(value));
  const listed = changes.map(({ name, before, after }) =>
    typeof after === 'function'
      ? `${name}: another function`
      : `${name}: ${text(before)} → ${text(after)}`,
  );
  notice(`${who}: from step ${step + 1} on ${listed.join(', ')}.`, 'TrainingWarning');
}

/** Flat, JSON values only. */
export type RunConfig = Readonly<Record<string, unknown>>;

/** Everything that decides a run's numbers, apart from the weights and what may change. */
export function runConfig(objective: Objective, options: ResolvedTrainerOptions): RunConfig {
  const own = Object.entries(options).filter(([name]) => !(FREE as string[]).includes(name));
  const config: Record<string, unknown> = { ...Object.fromEntries(own), ...objective.identity() };
  // runs from before there were these options go on
  for (const [name, value] of Object.entries(LEFT_OUT)) {
    if (isSame(config[name], value)) delete config[name];
  }
  return config;
}

const shown = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'none';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/** Every key that differs, with both values. */
export function configDifferences(savedConfig: RunConfig, presentConfig: RunConfig): string[] {
  const saved: RunConfig = { ...LEFT_OUT, ...savedConfig };
  const present: RunConfig = { ...LEFT_OUT, ...presentConfig };
  const keys = [...new Set([...Object.keys(saved), ...Object.keys(present)])];
  return keys
    .filter((key) => JSON.stringify(saved[key]) !== JSON.stringify(present[key]))
    .map(
      (key) =>
        `${key}: expected ${shown(saved[key])} as in the checkpoint, got ${shown(present[key])}`,
    );
}
