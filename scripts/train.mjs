// npm run train: trains by a recipe of lib/mnist/recipes.ts, in the background if you like. Can be stopped at any
// time; the same command goes on. `npm run train -- --help` tells the options.
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';

const HELP = `npm run train -- [options]
  --recipe NAME       a recipe of lib/mnist/recipes.ts: best (default) or blog
  --steps N           steps in all, instead of the recipe's
  --output FOLDER     the run's folder (default: runs/NAME); it goes on from its last checkpoint
  --save-every N      steps between checkpoints (default: 250)
  --keep STEPS        also keep models at these steps (averaged weights if the recipe averages): 0,500,1000
  --set KEY=VALUE     another setting of the recipe: trainer.learningRate=2e-3 (JSON; repeatable)

In the background, beside other work:
  nohup nice -n 19 npm run train -- --recipe best > runs/best.log 2>&1 &`;

const { values } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'best' },
    steps: { type: 'string' },
    output: { type: 'string' },
    'save-every': { type: 'string', default: '250' },
    keep: { type: 'string', default: '' },
    set: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}

await setUpOrExit();
const require = createRequire(import.meta.url);
const sd = require(inRoot('dist', 'index.js'));
const { saveRecipe } = require(inRoot('dist', 'mnist', 'evaluation', 'index.js'));

function fail(message) {
  console.error(message);
  process.exit(2);
}

function readRecipe() {
  const named = sd.RECIPES[values.recipe];
  if (!named)
    fail(`Expected --recipe ${Object.keys(sd.RECIPES).join(' or ')}, got ${values.recipe}.`);
  const recipe = structuredClone(named);
  if (values.steps !== undefined) recipe.maxSteps = Number(values.steps);
  for (const setting of values.set) {
    const [, keys, text] =
      /^([\w.]+)=(.*)$/.exec(setting) ?? fail(`Expected KEY=VALUE, got ${setting}.`);
    const parents = keys.split('.');
    const last = parents.pop();
    const place = parents.reduce((object, key) => (object[key] ??= {}), recipe);
    try {
      place[last] = JSON.parse(text);
    } catch {
      place[last] = text;
    }
  }
  return recipe;
}

const recipe = readRecipe();
const folder = path.resolve(values.output ?? inRoot('runs', values.recipe));
const saveEvery = Number(values['save-every']);
const kept = new Set(values.keep.split(',').filter(Boolean).map(Number));
const say = (text) => console.log(`${new Date().toISOString().slice(0, 19)}  ${text}`);

const parts = sd.recipeParts(recipe);
const { unet, textEncoder, tokenizer, noiseScheduler: scheduler } = parts;
const objective = new sd.TextToImageObjective(parts, recipe.objective);
const trainer = new sd.Trainer(objective, {
  ...recipe.trainer,
  lrSchedule: sd.recipeSchedule(recipe),
});
const resumed = sd.resumeTraining(folder, trainer);
saveRecipe(folder, recipe);
say(
  `recipe ${values.recipe}: ${resumed ? `goes on after step ${resumed}` : 'a new run'} in ${folder}`,
);

/** The weights that samples are drawn with: averaged if the recipe averages. */
async function saveModel(name) {
  const save = () =>
    sd.saveCheckpoint(path.join(folder, name), { unet, textEncoder, tokenizer, scheduler });
  await (trainer.ema ? trainer.ema.withAveragedWeights(save) : save());
}

if (kept.has(0) && trainer.step === 0) await saveModel('model-0');

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort());

const history = await trainer.fit({
  maxSteps: recipe.maxSteps,
  signal: stop.signal,
  onStep: async ({ step }) => {
    if (step % 50 === 0) {
      const last = trainer.history.steps.slice(-50);
      const seconds = last.reduce((sum, log) => sum + log.seconds, 0) / last.length;
      const rate = last.at(-1).learningRate.toExponential(2);
      say(
        `step ${step}  loss ${sd.meanLoss(last, 50).toFixed(5)}  lr ${rate}  ${seconds.toFixed(2)} s/step`,
      );
    }
    if (step % saveEvery === 0) sd.saveTraining(folder, trainer);
    if (kept.has(step)) await saveModel(`model-${step}`);
  },
});
sd.saveTraining(folder, trainer);
if (!history.stopped) await saveModel('model');
say(history.stopped ? `stopped after step ${trainer.step}; the same command goes on` : 'done');
process.exit(history.stopped ? 130 : 0);
