// One process that trains by a recipe: alone, or as one of several workers, of which the chief alone writes.
import fs from 'node:fs';
import path from 'node:path';
import { checkedBy, library, misuse, typed } from '../command-line/command.mjs';
import { Progress } from '../command-line/progress.mjs';
import { commands } from '../commands/index.mjs';
import { inRoot } from '../setup/paths.mjs';
import { stopSignal } from '../setup/signals.mjs';

/** Sets what stands at the end of these keys; records on the way are made where there is none. */
function setIn(recipe, keys, value) {
  let record = recipe;
  for (const [i, key] of keys.slice(0, -1).entries()) {
    const next = (Object.hasOwn(record, key) ? record[key] : null) ?? {};
    if (typeof next !== 'object' || Array.isArray(next)) {
      const name = keys.slice(0, i + 1).join('.');
      const problem = `--set ${keys.join('.')}: ${name} is ${JSON.stringify(next)}, which has no settings of its own.`;
      misuse(commands.train, [`${problem} Write --set ${name}=….`]);
    }
    record = record[key] = next;
  }
  record[keys.at(-1)] = value;
}

/** The recipe with what the command line says. Ends the process where that does not fit. */
export function readRecipe(values, recipes) {
  const recipe = structuredClone(recipes[values.recipe]);
  if (values.steps !== undefined) recipe.maxSteps = values.steps;
  for (const [keys, value] of values.set) setIn(recipe, keys, value);
  const mixedPrecision = values['mixed-precision'];
  if (mixedPrecision !== undefined) recipe.trainer.mixedPrecision = mixedPrecision;
  if (values.xla) recipe.trainer.xla = true;
  const loggingSteps = values['logging-steps'];
  if (loggingSteps !== undefined) recipe.trainer.loggingSteps = loggingSteps;
  const late = values.keep.filter((step) => step > recipe.maxSteps);
  if (late.length > 0) {
    misuse(commands.train, [
      `--keep ${late.join()}: expected steps up to the last one, ${recipe.maxSteps}.`,
    ]);
  }
  const together = recipe.trainer.loggingSteps ?? 1;
  const between = values.keep.filter(
    (step) => Number.isInteger(together) && step % together !== 0 && step !== recipe.maxSteps,
  );
  if (between.length > 0) {
    misuse(commands.train, [
      `--keep ${between.join()}: expected multiples of loggingSteps, ${together}, or the last step, ${recipe.maxSteps}: ` +
        'weights are looked at only there.',
    ]);
  }
  return recipe;
}

/**
 * @param {Record<string, any>} values of the command line
 * @param {object | null} cluster what joinCluster gave, if this process is one of several workers
 * @param {() => void} [onDone] told when no other worker is needed any more
 * @returns {Promise<number>} the exit code
 */
export async function train(values, cluster, onDone = () => {}) {
  const sd = library();
  const { saveRecipe } = library('mnist/evaluation/index.js');
  const writes = cluster?.isChief ?? true;
  const recipe = readRecipe(values, sd.RECIPES);
  const { maxSteps } = recipe;
  const folder = values.output ?? inRoot('runs', values.recipe);
  const kept = new Set(writes ? values.keep : []);
  const finished = path.join(folder, 'model');
  const { listCheckpoints } = library('io/runs/checkpoint-folder.js');
  const before = listCheckpoints(folder).map(({ step }) => step); // damaged ones, too
  if (before.length === 0 && fs.existsSync(finished)) {
    const found = `${typed(folder)}, whose model/ has no checkpoint beside it to go on from`;
    misuse(commands.train, [
      `--output: expected a run's folder, or one for a new run, got ${found}. Choose another folder, or move that model away.`,
    ]);
  }
  const tell = (text) => writes && console.log(text);
  const say = (text) => tell(`${new Date().toISOString().slice(0, 19)}  ${text}`);
  const { data = 'mnist' } = recipe;
  const evaluation =
    data === 'cifar10'
      ? `draw with sd.loadCheckpoint(…) of ${typed(folder)} in a notebook; npm run evaluate has no judge of its pictures`
      : `npm run evaluate -- ${data === 'mnist' ? '' : `--data ${data} `}--checkpoint ${typed(folder)}`;

  /** Calls what refuses settings that do not fit. */
  const checked = (make) =>
    values.set.length > 0 ? checkedBy(commands.train, '--set', make) : make();
  const dataset = await sd.recipeDataset(recipe);
  const { parts, trainer } = checked(() => {
    const made = sd.recipeParts(recipe, { dataset });
    const objective = sd.recipeObjective(recipe, made);
    const lrSchedule = sd.recipeSchedule(recipe);
    const options = { ...recipe.trainer, lrSchedule, cluster };
    return { parts: made, trainer: new sd.Trainer(objective, options) };
  });
  const { unet, textEncoder, tokenizer, noiseScheduler: scheduler } = parts;
  /** Calls what refuses a folder. Of several workers one may be lost meanwhile, which is no misuse. */
  const inFolder = (run) => (cluster ? run() : checkedBy(commands.train, '--output', run));
  const resumed = inFolder(() => sd.resumeTraining(folder, trainer));

  /** The weights that samples are drawn with: averaged if the recipe averages. */
  async function saveModel(name) {
    const save = () =>
      sd.saveCheckpoint(path.join(folder, name), { unet, textEncoder, tokenizer, scheduler });
    await (trainer.ema ? trainer.ema.withAveragedWeights(save) : save());
  }

  const lossText = () => {
    const last = trainer.history.steps.slice(-100);
    return `loss ${sd.meanLoss(last, 100).toFixed(4)} (mean of the last ${last.length} steps)`;
  };

  /** The model of the present step, if the process was killed before it was there; those of steps before it are told. */
  async function keepMissing() {
    const isMissing = (step) => !fs.existsSync(path.join(folder, `model-${step}`));
    const { step } = trainer;
    if (kept.has(step) && (resumed === 0 || isMissing(step))) await saveModel(`model-${step}`);
    const late = [...kept].filter((other) => other < step && isMissing(other));
    if (late.length === 0) return;
    say(
      `--keep ${late.join()}: not kept, since the run is at step ${step} already; a new --output keeps them`,
    );
  }

  if (resumed >= maxSteps) {
    onDone();
    await keepMissing();
    if (writes && !fs.existsSync(finished)) await saveModel('model');
    say(`already at step ${resumed} of ${maxSteps}, ${lossText()}, in ${folder}`);
    tell('Raise --steps to train on, or choose a new folder by --output to start anew.');
    tell(`Next: ${evaluation}`);
    return 0;
  }

  if (writes) {
    // Before anything is changed: another training may have the folder.
    fs.mkdirSync(folder, { recursive: true });
    inFolder(() => trainer.folders.take(folder));
    if (fs.existsSync(finished)) {
      // Of the steps until then: else it would stand for the run while that goes on.
      const keptAs = path.join(folder, `model-${Math.max(...before)}`);
      if (fs.existsSync(keptAs)) fs.rmSync(finished, { recursive: true });
      else fs.renameSync(finished, keptAs);
    }
    saveRecipe(folder, recipe);
  }
  say(
    `recipe ${values.recipe}: ${resumed ? `goes on after step ${resumed}` : 'a new run'} in ${folder}` +
      (cluster ? `, by ${cluster.size} workers` : ''),
  );
  await keepMissing();

  const stop = stopSignal();
  const progress = writes && new Progress({ total: maxSteps, stream: process.stdout });
  let isDue = false;
  const onStep = async (log) => {
    const { step, learningRate } = log;
    sd.logStep(folder, log); // for sd.watchTraining
    const loss = sd.meanLoss(trainer.history.steps.slice(-50), 50).toFixed(5);
    progress.update(step, `loss ${loss}  lr ${learningRate.toExponential(2)}`);
    isDue ||= step % values['save-every'] === 0;
    // Of steps that are looked at together the weights are those after the last one: they are saved once.
    if (isDue && step === trainer.step) {
      sd.saveTraining(folder, trainer);
      isDue = false;
    }
    if (kept.has(step)) await saveModel(`model-${step}`);
  };
  const history = await trainer.fit({ maxSteps, signal: stop, ...(writes && { onStep }) });
  onDone();
  const code = history.stopped ? 130 : 0;
  if (!writes) return code;
  progress.end();
  sd.saveTraining(folder, trainer);
  if (history.stopped) {
    say(`stopped after step ${trainer.step} of ${maxSteps}, ${lossText()}, saved in ${folder}`);
    tell('Run the same command again to go on.');
  } else {
    await saveModel('model');
    say(`done: ${trainer.step} steps, ${lossText()}, in ${folder}`);
  }
  if (trainer.step > 0) tell(`Next: ${evaluation}`);
  return code;
}
