/**
 * Training checkpoints: a run's folder holds `checkpoint-<step>` folders, each a whole model in
 * diffusers' layout, a `training` folder for what it takes to go on, and a manifest.
 */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../io/atomic-write';
import { commitCheckpoint } from '../io/runs/checkpoint-commit';
import {
  bestSound,
  newestSound,
  recover,
  type MetricMode,
  type OnWarning,
} from '../io/runs/checkpoint-folder';
import {
  fromFloat32Array,
  readSafetensors,
  toFloat32Array,
  writeSafetensors,
} from '../io/safetensors';
import { notice } from '../notices';
import { readJsonObject, readModuleWeights } from '../pretrained/model-files';
import { saveParts } from '../pretrained/parts';
import { checkStateDict, loadStateDict, namedParameters, type StateDict } from '../nn/state-dict';
import { requireOwnRun } from './own-run';
import { configDifferences, freeChanges, freeOptions, sayChanges } from './run-config';
import type { Trainer } from './trainer';
import type { TrainerState } from './trainer-state';

const OPTIMIZER_FILE = path.join('training', 'optimizer.safetensors');
const EMA_FILE = path.join('training', 'ema.safetensors');
/** The trainer's state in a checkpoint's folder. */
export const STATE_FILE = path.join('training', 'trainer_state.json');

const warn: OnWarning = (message) => notice(message, 'CheckpointWarning');

export interface FindCheckpointOptions {
  /** Is told of each damaged checkpoint that is passed over. Default: `process.emitWarning`. */
  readonly onWarning?: OnWarning;
}

/**
 * The folder of the checkpoint with the most steps whose every byte is as it was saved, or null if the run
 * has none. Damaged ones are passed over with a warning.
 */
export function latestCheckpoint(
  runFolder: string,
  { onWarning = warn }: FindCheckpointOptions = {},
): string | null {
  return newestSound(path.resolve(runFolder), onWarning)?.folder ?? null;
}

/** The folder of the sound checkpoint with the best `metric`, or null if none was saved with one. */
export function bestCheckpoint(
  runFolder: string,
  { onWarning = warn, mode = 'min' }: FindCheckpointOptions & { readonly mode?: MetricMode } = {},
): string | null {
  return bestSound(path.resolve(runFolder), mode, onWarning)?.folder ?? null;
}

export interface SaveTrainingOptions extends FindCheckpointOptions {
  /** How many checkpoints of the run to keep, beside the best one. Default: 2. */
  readonly keepLast?: number;
  /** What this checkpoint is measured by, for `bestCheckpoint`; NaN is never the best. */
  readonly metric?: number;
  /** Whether the lowest (default) or the highest metric is the best. */
  readonly mode?: MetricMode;
}

/**
 * Saves a training as `checkpoint-<step>`. It is written aside, flushed to the disk and renamed when complete, so
 * whenever the process is killed or the disk fills up, the checkpoints from before are there; older ones
 * are removed only afterwards. In a `fit` the run's folder then belongs to this training until `fit` ends.
 *
 * @returns the checkpoint's folder
 * @throws RangeError for a bad option; CheckpointSaveError if the file system fails; FolderLockedError if another
 *   process writes here; Error if there is a checkpoint of another training, averaged weights stand in the models, or this is
 *   a worker that is not the chief
 */
export function saveTraining(
  runFolder: string,
  trainer: Trainer,
  { keepLast = 2, metric, mode = 'min', onWarning = warn }: SaveTrainingOptions = {},
): string {
  if (!Number.isInteger(keepLast) || keepLast < 1) {
    throw new RangeError(`saveTraining: expected keepLast to be an integer ≥ 1, got ${keepLast}.`);
  }
  if (mode !== 'min' && mode !== 'max') {
    throw new RangeError(`saveTraining: expected mode 'min' or 'max', got ${String(mode)}.`);
  }
  const { cluster } = trainer.options;
  if (cluster && !cluster.isChief) {
    throw new Error(
      `saveTraining: expected to be called by the chief, got worker ${cluster.index}. All have the same weights: let the ` +
        'chief alone save them.',
    );
  }
  trainer.ema?.requireTrainedWeights('saveTraining');
  const run = path.resolve(runFolder);
  requireOwnRun(run, trainer, STATE_FILE);
  const { pipelineClass, parts } = trainer.objective;
  const write = (folder: string) => {
    mkdirSync(path.join(folder, 'training'));
    writeStateDict(path.join(folder, OPTIMIZER_FILE), trainer.optimizer.stateDict());
    if (trainer.ema) writeStateDict(path.join(folder, EMA_FILE), trainer.ema.stateDict());
    writeFileAtomically(path.join(folder, STATE_FILE), [`${JSON.stringify(trainer.state())}\n`]);
    saveParts(folder, pipelineClass, parts);
  };
  const holder = trainer.isRunning ? trainer.folders : undefined;
  const options = { keepLast, mode, onWarning, metric: metric ?? null, holder };
  return commitCheckpoint(run, trainer.step, write, options);
}

function writeStateDict(file: string, state: StateDict): void {
  const entries = [...state].map(
    ([name, { data, shape }]) => [name, fromFloat32Array(data, shape)] as const,
  );
  writeSafetensors(file, new Map(entries));
}

function readStateDict(file: string): StateDict {
  const entries = [...readSafetensors(file).tensors].map(
    ([name, t]) => [name, { shape: t.shape, data: toFloat32Array(t, name) }] as const,
  );
  return new Map(entries);
}

/**
 * Goes on with a training where its run's latest sound checkpoint left it: weights, moments, moving average, step,
 * place in the data and in the random streams. The learning rate and its schedule stay the trainer's (the
 * schedule goes on at its step), and so do `weightDecay`, `maxGradNorm`, `microBatchSize` and `nonFinite`, so
 * that they can be changed between runs: what has changed is said in a line. Anything else must be as it was. The folder
 * belongs to this training from now on, until `fit` ends. Of several workers each calls it, with a folder that all of them
 * see; it belongs to the chief. There may be more or fewer of them than before.
 *
 * @returns the step it goes on from; 0 if the run has no checkpoint, and nothing was changed
 * @throws Error naming every option, config key, caption or data set that differs, or the weights that do not
 *   fit; FolderLockedError if another process trains here; nothing is then changed
 */
export function resumeTraining(
  runFolder: string,
  trainer: Trainer,
  options: FindCheckpointOptions = {},
): number {
  const { cluster } = trainer.options;
  // The chief first mends what a killed one has left.
  const waitForChief = () => cluster?.differing({ resumed: '' });
  if (cluster && !cluster.isChief) waitForChief();
  const step = resumeFrom(runFolder, trainer, options);
  if (cluster?.isChief) waitForChief();
  return step;
}

function resumeFrom(
  runFolder: string,
  trainer: Trainer,
  { onWarning = warn }: FindCheckpointOptions,
): number {
  trainer.ema?.requireTrainedWeights('resumeTraining');
  const writes = trainer.options.cluster?.isChief ?? true;
  const folder = latestCheckpoint(runFolder, { onWarning });
  if (folder === null) return 0;
  const state = readState(path.join(folder, STATE_FILE), trainer);
  const modules = Object.entries(trainer.objective.parts)
    .filter(([, part]) => namedParameters(part).size > 0)
    .map(([name, module]) => {
      const from = path.join(folder, name);
      const weights = readModuleWeights(from);
      checkStateDict(module, weights, from);
      return { module, weights, from };
    });
  const moments = readStateDict(path.join(folder, OPTIMIZER_FILE));
  const averages = trainer.ema && readAverages(folder);
  if (averages) trainer.ema?.checkStateDict(averages);
  if (writes) trainer.folders.take(runFolder);
  try {
    if (writes) recover(runFolder);
    trainer.optimizer.loadStateDict(moments); // checks all, then loads all
  } catch (error) {
    trainer.folders.freeAll();
    throw error;
  }
  if (averages) trainer.ema?.loadStateDict(averages);
  for (const { module, weights, from } of modules) loadStateDict(module, weights, from);
  const changes = freeChanges(state.options, freeOptions(trainer.options));
  trainer.loadState(state);
  sayChanges('resumeTraining', changes, trainer.step);
  return trainer.step;
}

function readAverages(folder: string): StateDict {
  const file = path.join(folder, EMA_FILE);
  if (existsSync(file)) return readStateDict(file);
  throw new Error(
    `${file}: expected the average of the weights, found none: the run was trained without the ` +
      "option 'ema'. Leave it out, or use another run folder to start anew.",
  );
}

/**
 * Loads a training checkpoint's averaged weights (option `ema` of the trainer) into its models.
 *
 * @param parts the models of that checkpoint, as `loadCheckpoint` gives them
 * @returns false if the run kept no average; the models are then unchanged
 * @throws Error if the file is damaged or of other models
 */
export function loadEmaWeights(
  folder: string,
  { unet, textEncoder }: { readonly unet: object; readonly textEncoder: object },
): boolean {
  if (!existsSync(path.join(folder, EMA_FILE))) return false;
  const averages = readAverages(folder);
  for (const [prefix, model] of Object.entries({ unet, text_encoder: textEncoder })) {
    const start = `shadow_params.${prefix}.`;
    const own = [...averages].filter(([name]) => name.startsWith(start));
    if (own.length === 0 && prefix === 'text_encoder') continue; // was frozen
    loadStateDict(model, new Map(own.map(([name, t]) => [name.slice(start.length), t])), folder);
  }
  return true;
}

/** @throws Error if the file is damaged, or of a run that this trainer cannot go on with */
function readState(file: string, trainer: Trainer): TrainerState {
  const state = readJsonObject(file) as unknown as TrainerState;
  const problems = configDifferences(state.config ?? {}, trainer.state().config);
  if (problems.length > 0) {
    throw new Error(
      `${file}: this run cannot go on with other options (${problems.join('; ')}). ` +
        'Use the same ones, or another run folder to start anew.',
    );
  }
  const { step, epoch, position, randomPosition, steps, skipped } = state;
  const { length, batchSize } = trainer.sampler;
  const batches = step + (Array.isArray(skipped) ? skipped.length : NaN);
  const fits =
    Number.isInteger(step) &&
    randomPosition === batches &&
    epoch === Math.floor(batches / length) &&
    position === (batches % length) * batchSize &&
    Array.isArray(steps) &&
    ((steps as TrainerState['steps']).at(-1)?.step ?? 0) === step;
  if (!fits) {
    throw new Error(
      `${file}: expected a step with its place in epochs of ${length} steps and the log of all steps, ` +
        `got step ${step}, epoch ${epoch}, position ${position}. The file is damaged, or was saved ` +
        'with another data set.',
    );
  }
  return state;
}
