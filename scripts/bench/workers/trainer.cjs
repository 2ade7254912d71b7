'use strict';
// One process of a comparison: trains by a recipe, alone or as a worker of several, so many steps when told.
// Argument: JSON of `member` (of joinCluster, or null), `recipe`, and `trainer`, options that differ from the recipe's.
const readline = require('node:readline');
const { answer, dist, memoryGb } = require('../process.cjs');

const { member, recipe: name, trainer: options } = JSON.parse(process.argv[2]);

/** Seconds that each part of the steps took, one list for each part. */
function timeParts(trainer) {
  const found = {};
  for (const part of ['accumulate', 'exchange', 'gradNorm', 'apply']) {
    const seconds = (found[part] = []);
    const run = trainer.trainStep[part];
    trainer.trainStep[part] = function timed(...args) {
      const start = performance.now();
      const result = run.apply(this, args);
      seconds.push((performance.now() - start) / 1000);
      return result;
    };
  }
  return found;
}

async function main() {
  const sd = require(dist('index.js'));
  const cluster = member && require(dist('backend/node/index.js')).joinCluster(member);
  const recipe = sd.RECIPES[name];
  const made = sd.recipeParts(recipe, { dataset: await sd.recipeDataset(recipe) });
  const objective = sd.recipeObjective(recipe, made);
  const lrSchedule = sd.recipeSchedule(recipe);
  const trainer = new sd.Trainer(objective, {
    ...recipe.trainer,
    ...options,
    lrSchedule,
    cluster,
  });
  const parts = timeParts(trainer);
  answer({ ready: true });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { steps } = JSON.parse(line);
    const ends = [];
    const onStep = () => void ends.push(performance.now());
    const history = await trainer.fit({ maxSteps: trainer.step + steps, onStep });
    // From the end of a step to that of the next: the first one of a turn is left out.
    const seconds = ends.slice(1).map((end, i) => (end - ends[i]) / 1000);
    const losses = history.steps.slice(-steps).map(({ loss }) => loss);
    const partsOf = Object.entries(parts).map(([name, all]) => [name, all.splice(0).slice(1)]);
    answer({ seconds, losses, parts: Object.fromEntries(partsOf), peak: memoryGb().peak });
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
