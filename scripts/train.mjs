// npm run train: trains by a recipe of lib/mnist/recipes.ts, in the background if you like. Can be stopped at any
// time; the same command goes on. `npm run train -- --help` tells the options.
import fs from 'node:fs';
import path from 'node:path';
import { checkedBy, library, misuse, typed } from './command-line/command.mjs';
import { Progress } from './command-line/progress.mjs';
import { commands, readCommandLine } from './commands/index.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { stopSignal } from './setup/signals.mjs';

const { values } = readCommandLine('train');
await setUpOrExit();
const sd = library();
const { saveRecipe } = library('mnist/evaluation/index.js');

function readRecipe() {
  const recipe = structuredClone(sd.RECIPES[values.recipe]);
  if (values.steps !== undefined) recipe.maxSteps = values.steps;
  for (const [keys, value] of values.set) {
    const parents = keys.slice(0, -1);
    parents.reduce((object, key) => (object[key] ??= {}), recipe)[keys.at(-1)] = value;
  }
  return recipe;
}

/** Calls what refuses settings that do not fit. */
const checked = (make) =>
  values.set.length > 0 ? checkedBy(commands.train, '--set', make) : make();

const recipe = readRecipe();
const { maxSteps } = recipe;
const late = values.keep.filter((step) => step > maxSteps);
if (late.length > 0) {
  misuse(commands.train, [
    `--keep ${late.join()}: expected steps up to the last one, ${maxSteps}.`,
  ]);
}
const folder = values.output ?? inRoot('runs', values.recipe);
const kept = new Set(values.keep);
const say = (text) => console.log(`${new Date().toISOString().slice(0, 19)}  ${text}`);
const evaluation =
  (recipe.data ?? 'mnist') === 'mnist'
    ? `npm run evaluate -- --checkpoint ${typed(folder)}`
    : `draw with sd.loadCheckpoint(…) of ${typed(folder)} in a notebook; the judge of npm run evaluate reads digits only`;

const dataset = await sd.recipeDataset(recipe);
const { parts, trainer } = checked(() => {
  const made = sd.recipeParts(recipe, { dataset });
  const objective = sd.recipeObjective(recipe, made);
  const lrSchedule = sd.recipeSchedule(recipe);
  return { parts: made, trainer: new sd.Trainer(objective, { ...recipe.trainer, lrSchedule }) };
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

if (resumed >= maxSteps) {
  if (!fs.existsSync(path.join(folder, 'model'))) await saveModel('model');
  say(`already at step ${resumed} of ${maxSteps}, ${lossText()}, in ${folder}`);
  console.log('Raise --steps to train on, or choose a new folder by --output to start anew.');
  console.log(`Next: ${evaluation}`);
  process.exit(0);
}

const finished = path.join(folder, 'model');
if (fs.existsSync(finished)) {
  // Of the steps until now: else it would stand for the run while that goes on.
  const keptAs = path.join(folder, `model-${resumed}`);
  if (fs.existsSync(keptAs)) fs.rmSync(finished, { recursive: true });
  else fs.renameSync(finished, keptAs);
}
saveRecipe(folder, recipe);
trainer.folders.take(folder);
say(
  `recipe ${values.recipe}: ${resumed ? `goes on after step ${resumed}` : 'a new run'} in ${folder}`,
);
if (kept.has(0) && trainer.step === 0) await saveModel('model-0');

const stop = stopSignal();

const progress = new Progress({ total: maxSteps, stream: process.stdout });
const history = await trainer.fit({
  maxSteps,
  signal: stop,
  onStep: async (log) => {
    const { step, learningRate } = log;
    sd.logStep(folder, log); // for sd.watchTraining
    const loss = sd.meanLoss(trainer.history.steps.slice(-50), 50).toFixed(5);
    progress.update(step, `loss ${loss}  lr ${learningRate.toExponential(2)}`);
    if (step % values['save-every'] === 0) sd.saveTraining(folder, trainer);
    if (kept.has(step)) await saveModel(`model-${step}`);
  },
});
progress.end();
sd.saveTraining(folder, trainer);
if (history.stopped) {
  say(`stopped after step ${trainer.step} of ${maxSteps}, ${lossText()}, saved in ${folder}`);
  console.log('Run the same command again to go on.');
} else {
  await saveModel('model');
  say(`done: ${trainer.step} steps, ${lossText()}, in ${folder}`);
}
if (trainer.step > 0) console.log(`Next: ${evaluation}`);
process.exit(history.stopped ? 130 : 0);
