// One process that trains by a recipe: alone, or as one of several workers, of which the chief alone writes.
import fs from 'node:fs';
import path from 'node:path';
import { checkedBy, library, misuse, typed } from '../command-line/command.mjs';
import { Progress } from '../command-line/progress.mjs';
import { commands } from '../commands/index.mjs';
import { inRoot } from '../setup/paths.mjs';
import { stopSignal } from '../setup/signals.mjs';

/** The recipe with what the command line says. Ends the process where that does not fit. */
export function readRecipe(values, recipes) {
  const recipe = structuredClone(recipes[values.recipe]);
  if (values.steps !== undefined) recipe.maxSteps = values.steps;
  for (const [keys, value] of values.set) {
    const parents = keys.slice(0, -1);
    parents.reduce((object, key) => (object[key] ??= {}), recipe)[keys.at(-1)] = value;
  }
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
  const resumed = sd.resumeTraining(folder, trainer);

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

  const finished = path.join(folder, 'model');
  if (resumed >= maxSteps) {
    onDone();
    if (writes && !fs.existsSync(finished)) await saveModel('model');
    say(`already at step ${resumed} of ${maxSteps}, ${lossText()}, in ${folder}`);
    tell('Raise --steps to train on, or choose a new folder by --output to start anew.');
    tell(`Next: ${evaluation}`);
    return 0;
  }

  if (writes) {
    if (fs.existsSync(finished)) {
      // Of the steps until now: else it would stand for the run while that goes on.
      const keptAs = path.join(folder, `model-${resumed}`);
      if (fs.existsSync(keptAs)) fs.rmSync(finished, { recursive: true });
      else fs.renameSync(finished, keptAs);
    }
    saveRecipe(folder, recipe);
    trainer.folders.take(folder);
  }
  say(
    `recipe ${values.recipe}: ${resumed ? `goes on after step ${resumed}` : 'a new run'} in ${folder}` +
      (cluster ? `, by ${cluster.size} workers` : ''),
  );
  if (kept.has(0) && trainer.step === 0) await saveModel('model-0');

  const stop = stopSignal();
  const progress = writes && new Progress({ total: maxSteps, stream: process.stdout });
  const onStep = async (log) => {
    const { step, learningRate } = log;
    sd.logStep(folder, log); // for sd.watchTraining
    const loss = sd.meanLoss(trainer.history.steps.slice(-50), 50).toFixed(5);
    progress.update(step, `loss ${loss}  lr ${learningRate.toExponential(2)}`);
    if (step % values['save-every'] === 0) sd.saveTraining(folder, trainer);
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
