// npm run train: trains by a recipe of lib/mnist/recipes.ts, in the background if you like. Can be stopped at any
// time; the same command goes on. `npm run train -- --help` tells the options.
import { clusterPlan, PlanError } from './cluster/plan.mjs';
import { supervise } from './cluster/supervise.mjs';
import { library, misuse } from './command-line/command.mjs';
import { commands, readCommandLine } from './commands/index.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { readRecipe, train } from './train/train.mjs';

const { values } = readCommandLine('train');
const plan = await clusterPlan(values, process.env).catch((error) => {
  if (error instanceof PlanError) return misuse(commands.train, error.problems);
  throw error;
});
await setUpOrExit();
if (plan) {
  const workers = plan.addresses.length;
  const { batchSize } = readRecipe(values, library('mnist/recipes.js').RECIPES).trainer;
  if (workers > batchSize) {
    const whole = `${workers} workers: expected at most one for each row of a batch, ${batchSize} (trainer.batchSize).`;
    misuse(commands.train, [`${whole} Take fewer, or a larger batch by --set.`]);
  }
  const argv = process.argv.slice(2);
  process.exit(await supervise(plan, { timeout: values['worker-timeout'], argv }));
}
process.exit(await train(values, null));
