/** The runs that are there, and the model that a run's name stands for. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { listCheckpoints } from '../io/runs/checkpoint-folder';
import { MANIFEST_FILE, readManifest } from '../io/runs/manifest';
import { readJsonObject } from '../pretrained/model-files';
import { latestCheckpoint, STATE_FILE } from '../training/checkpoints';
import { meanLoss, type StepLog } from '../training/history';
import type { TrainerState } from '../training/trainer-state';
import { RECIPE_DATA } from './recipe-data';
import { RECIPES, type AnyRecipe } from './recipes';
import { runsFolders } from './runs';
import { PACKAGE_FOLDER, SHIPPED_MODEL } from './shipped';
import { EMOJI_MODEL } from '../emoji/shipped';
import { shown } from '../options';

/** A run that has been saved at least once; a row of `table(listRuns())`. */
export interface RunSummary {
  readonly run: string;
  /** `best`, `blog` or another where it is trained as that recipe says, but for batch size, rate and length; else `other`. */
  readonly recipe: string;
  /** Steps done at its newest checkpoint. */
  readonly step: number;
  /** The steps of all its checkpoints, rising. */
  readonly checkpoints: readonly number[];
  /** Mean of the last 100 losses, to four digits; null if the state cannot be read. Only of one target comparable. */
  readonly loss: number | null;
  /** When it was last saved, local time: `2026-11-27 03:10`. */
  readonly date: string;
  /** Inside the clone as a path from there, else absolute. */
  readonly folder: string;
}

const namesIn = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
        .map(({ name }) => name)
    : [];

/** The checkpoints that were finished. Their bytes are compared with the manifest when they are loaded. */
const finished = (runFolder: string) =>
  listCheckpoints(runFolder).filter(({ folder }) => typeof readManifest(folder) !== 'string');

/** The state of a training checkpoint, or null if the file is damaged. */
function stateOf(checkpoint: string): TrainerState | null {
  try {
    const state = readJsonObject(
      path.join(checkpoint, STATE_FILE),
    ) as unknown as Partial<TrainerState>;
    return Array.isArray(state.steps) && state.config ? (state as TrainerState) : null;
  } catch {
    return null;
  }
}

/** The recipe whose images, noise schedule, target and objective a run has. */
function recipeOf(config: TrainerState['config']): string {
  const fits = (recipe: AnyRecipe) => {
    const { data = 'mnist', scheduler, objective, trainer } = recipe;
    const isFlow = recipe.method === 'flow_matching';
    const rescaled = isFlow ? false : (recipe.scheduler.rescale_betas_zero_snr ?? false);
    const weighting = isFlow ? recipe.objective.weightingScheme : undefined;
    const bias = (!isFlow && recipe.objective.timestepBiasStrategy) || 'none';
    const guidance = (!isFlow && recipe.objective.modelGuidanceScale) || 1;
    const { in_channels: taken, out_channels: given } = RECIPE_DATA[data].unetConfig;
    return (
      config['unet.in_channels'] === taken &&
      config['unet.out_channels'] === given &&
      Object.entries(scheduler).every(
        ([key, value]) => config[`noiseScheduler.${key}`] === value,
      ) &&
      (config['noiseScheduler.rescale_betas_zero_snr'] ?? false) === rescaled &&
      config['weightingScheme'] === weighting &&
      (config['captionDropout'] ?? 0) === (objective.captionDropout ?? 0) &&
      Boolean(config['ema']) === Boolean(trainer.ema) &&
      (config['optimizer'] ?? 'adamw') === (trainer.optimizer ?? 'adamw') &&
      (config['timestepBiasStrategy'] ?? 'none') === bias &&
      (config['modelGuidanceScale'] ?? 1) === guidance
    );
  };
  const found = Object.entries(RECIPES as Record<string, AnyRecipe>).find(([, recipe]) =>
    fits(recipe),
  );
  return found?.[0] ?? 'other';
}

const two = (n: number) => String(n).padStart(2, '0');

function minuteOf(date: Date): string {
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function shownPath(folder: string): string {
  const inside = path.relative(PACKAGE_FOLDER, folder);
  return inside.startsWith('..') ? folder : inside;
}

/** All steps of a run's log, of its newest finished checkpoint; null if it has none that can be read. */
export function runHistory(runFolder: string): readonly StepLog[] | null {
  const newest = finished(runFolder).at(-1);
  return (newest && stateOf(newest.folder)?.steps) ?? null;
}

function summaryOf(run: string, runFolder: string): RunSummary | null {
  const checkpoints = finished(runFolder);
  const newest = checkpoints.at(-1);
  if (newest === undefined) return null;
  const state = stateOf(newest.folder);
  const loss = state?.steps.length ? Number(meanLoss(state.steps, 100).toPrecision(4)) : null;
  return {
    run,
    recipe: state ? recipeOf(state.config) : 'other',
    step: newest.step,
    checkpoints: checkpoints.map(({ step }) => step),
    loss,
    date: minuteOf(statSync(path.join(newest.folder, MANIFEST_FILE)).mtime),
    folder: shownPath(runFolder),
  };
}

/**
 * The runs with a finished checkpoint, the one saved last first: `table(listRuns())`.
 *
 * @param folders where runs are. Default: `checkpointsFolder()`, and in a clone also runs/, where `npm run train` saves
 */
export function listRuns(folders: readonly string[] = runsFolders()): RunSummary[] {
  const given: unknown = folders;
  if (!Array.isArray(given))
    throw new TypeError(`listRuns: expected a list of folders, got ${shown(given)}.`);
  const found = folders.flatMap((folder) =>
    namesIn(folder).flatMap((name) => summaryOf(name, path.join(folder, name)) ?? []),
  );
  return found.sort((a, b) => b.date.localeCompare(a.date) || a.run.localeCompare(b.run));
}

/** The folder of a run by its name. @throws Error naming the runs that are there */
export function findRun(name: string, folders: readonly string[] = runsFolders()): string {
  const folder = folders
    .filter((parent) => namesIn(parent).includes(name))
    .map((parent) => path.join(parent, name))
    .find((candidate) => finished(candidate).length > 0);
  if (folder !== undefined) return folder;
  const known = listRuns(folders)
    .map(({ run }) => `'${run}'`)
    .join(', ');
  throw new Error(
    `expected 'shipped', 'shipped-emoji' or ${known ? `a run (${known})` : "a run's name (there is none yet)"}, got ` +
      `${JSON.stringify(String(name).slice(0, 120))}. sd.listRuns() tells what is there; 04-train makes one.`,
  );
}

export interface ModelFolderOptions {
  /** The step of a checkpoint. Default: the newest sound one. */
  readonly step?: number | undefined;
  /** Where runs are. Default: as `listRuns`. */
  readonly folders?: readonly string[] | undefined;
}

/** The models that ship, by name. */
const SHIPPED: ReadonlyMap<string, string> = new Map([
  ['shipped', SHIPPED_MODEL],
  ['shipped-emoji', EMOJI_MODEL],
]);

/**
 * The folder of a model by name, for `fromPretrained`: `'shipped'` (digits), `'shipped-emoji'`, or a run of `listRuns()`.
 *
 * @throws Error naming the runs, or the steps, that are there
 */
export function modelFolder(
  model: string,
  { step, folders = runsFolders() }: ModelFolderOptions = {},
): string {
  const shipped = SHIPPED.get(model);
  if (shipped !== undefined) {
    if (step === undefined) return shipped;
    throw new Error(`modelFolder: expected no step of the model that ships, got ${step}.`);
  }
  const run = findRun(model, folders);
  if (step === undefined) {
    const newest = latestCheckpoint(run);
    if (newest !== null) return newest;
    throw new Error(`${run}: all its checkpoints are damaged. Train anew, or take another run.`);
  }
  const checkpoints = finished(run);
  const found = checkpoints.find((checkpoint) => checkpoint.step === step);
  if (found) return found.folder;
  const steps = checkpoints.map((checkpoint) => checkpoint.step).join(', ');
  throw new Error(`${run}: expected a step that was kept (${steps}), got ${String(step)}.`);
}
