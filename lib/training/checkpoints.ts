/**
 * Training checkpoints: a run's folder holds `checkpoint-<step>` folders, each a whole model in
 * diffusers' layout with a `training` folder for what it takes to go on.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../io/atomic-write';
import { saveCheckpoint } from '../pipelines/checkpoint';
import {
  fromFloat32Array,
  readSafetensors,
  toFloat32Array,
  writeSafetensors,
} from '../io/safetensors';
import {
  DIFFUSION_WEIGHTS,
  readJsonObject,
  readWeights,
  TRANSFORMERS_WEIGHTS,
} from '../models/pretrained';
import { checkStateDict, loadStateDict, type StateDict } from '../nn/state-dict';
import type { Trainer, TrainerState } from './trainer';

const OPTIMIZER_FILE = path.join('training', 'optimizer.safetensors');
const EMA_FILE = path.join('training', 'ema.safetensors');
const STATE_FILE = path.join('training', 'trainer_state.json');
const NAME = /^checkpoint-(\d+)$/;

/** The steps of a run's finished checkpoints, in rising order. */
function checkpointSteps(runFolder: string): number[] {
  if (!existsSync(runFolder)) return [];
  const steps = readdirSync(runFolder).flatMap((name) => {
    const match = NAME.exec(name);
    const isFinished = existsSync(path.join(runFolder, name, 'model_index.json'));
    return match && isFinished ? [Number(match[1])] : [];
  });
  return steps.sort((a, b) => a - b);
}

const folderOf = (runFolder: string, step: number) => path.join(runFolder, `checkpoint-${step}`);

/** The folder of the checkpoint with the most steps, or null if the run has none. */
export function latestCheckpoint(runFolder: string): string | null {
  const step = checkpointSteps(runFolder).at(-1);
  return step === undefined ? null : folderOf(runFolder, step);
}

/**
 * Saves a training as `checkpoint-<step>`. It is written aside and renamed when complete, so a run
 * that is killed while saving keeps its last checkpoint; older ones are removed only afterwards.
 *
 * @param keepLast how many checkpoints of the run to keep
 * @returns the checkpoint's folder
 */
export function saveTraining(runFolder: string, trainer: Trainer, { keepLast = 2 } = {}): string {
  if (!Number.isInteger(keepLast) || keepLast < 1) {
    throw new RangeError(`saveTraining: expected keepLast to be an integer ≥ 1, got ${keepLast}.`);
  }
  const { unet, textEncoder, tokenizer, noiseScheduler: scheduler } = trainer.parts;
  const folder = folderOf(runFolder, trainer.step);
  const aside = path.join(runFolder, `.tmp-checkpoint-${trainer.step}-${process.pid}`);
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(path.join(aside, 'training'), { recursive: true });
  try {
    writeState(path.join(aside, OPTIMIZER_FILE), trainer.optimizer.stateDict());
    if (trainer.ema) writeState(path.join(aside, EMA_FILE), trainer.ema.stateDict());
    writeFileAtomically(path.join(aside, STATE_FILE), [`${JSON.stringify(trainer.state())}\n`]);
    saveCheckpoint(aside, { unet, textEncoder, tokenizer, scheduler });
    rmSync(folder, { recursive: true, force: true });
    renameSync(aside, folder);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  for (const step of checkpointSteps(runFolder).slice(0, -keepLast)) {
    rmSync(folderOf(runFolder, step), { recursive: true, force: true });
  }
  return folder;
}

/**
 * Takes a training up where its run's latest checkpoint left it: weights, moments, step, position in
 * the data. The learning rate stays the trainer's, so that it can be changed between runs.
 *
 * @returns the step it goes on from; 0 if the run has no checkpoint, and nothing was changed
 * @throws Error if the checkpoint is damaged or of another model, seed or batch size; nothing is then
 * changed
 */
export function resumeTraining(runFolder: string, trainer: Trainer): number {
  const folder = latestCheckpoint(runFolder);
  if (folder === null) return 0;
  const { unet, textEncoder } = trainer.parts;
  const state = readState(path.join(folder, STATE_FILE), trainer);
  const unetFolder = path.join(folder, 'unet');
  const textFolder = path.join(folder, 'text_encoder');
  const unetWeights = readWeights(unetFolder, DIFFUSION_WEIGHTS);
  const textWeights = readWeights(textFolder, TRANSFORMERS_WEIGHTS);
  const moments = readStateDict(path.join(folder, OPTIMIZER_FILE));
  const averages = trainer.ema && readAverages(folder);
  checkStateDict(unet, unetWeights, unetFolder);
  checkStateDict(textEncoder, textWeights, textFolder);
  if (averages) trainer.ema?.loadStateDict(averages); // checks all, then loads all
  trainer.optimizer.loadStateDict(moments); // checks all, then loads all
  loadStateDict(unet, unetWeights, unetFolder);
  loadStateDict(textEncoder, textWeights, textFolder);
  trainer.loadState(state);
  return trainer.step;
}

function writeState(file: string, state: StateDict): void {
  const tensors = [...state].map(
    ([name, { data, shape }]) => [name, fromFloat32Array(data, shape)] as const,
  );
  writeSafetensors(file, new Map(tensors));
}

function readStateDict(file: string): StateDict {
  const tensors = [...readSafetensors(file).tensors].map(
    ([name, t]) => [name, { shape: t.shape, data: toFloat32Array(t, name) }] as const,
  );
  return new Map(tensors);
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
  const problems = (['seed', 'batchSize'] as const)
    .filter((key) => state[key] !== trainer.options[key])
    .map(
      (key) => `${key}: expected ${state[key]} as in the checkpoint, got ${trainer.options[key]}`,
    );
  if (problems.length > 0) {
    throw new Error(
      `${file}: this run cannot go on with other options (${problems.join('; ')}). ` +
        'Use the same ones, or another run folder to start anew.',
    );
  }
  const { step, epoch, position, steps } = state;
  const { length, batchSize } = trainer.loader;
  const fits =
    Number.isInteger(step) &&
    epoch === Math.floor(step / length) &&
    position === (step % length) * batchSize &&
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
