// What is known of the training that a checkpoint comes from.
import fs from 'node:fs';
import path from 'node:path';

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

/**
 * The recipe that `npm run train` wrote into the run's folder, and the optimizer steps that were done.
 *
 * @param {string} checkpoint a training checkpoint, a kept model (model-STEP) or the finished one (model)
 * @throws {Error} if it lies in no run's folder
 */
export function runOf(checkpoint) {
  const file = path.join(path.dirname(path.resolve(checkpoint)), 'recipe.json');
  if (!fs.existsSync(file)) {
    throw new Error(
      `${file}: expected the recipe of the run, found none. Train with npm run train.`,
    );
  }
  const recipe = readJson(file);
  const step = /-(\d+)$/.exec(path.basename(checkpoint))?.[1];
  return { recipe, steps: step === undefined ? recipe.maxSteps : Number(step) };
}

/** The settings in which a run's recipe differs from the one of that name, as options of `npm run train`. */
export function settingsOf(recipe, named) {
  const differences = (a, b, prefix = '') =>
    [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => {
      const [x, y] = [a[key], b[key]];
      const isGroup = (value) => typeof value === 'object' && value !== null;
      if (isGroup(x) && isGroup(y)) return differences(x, y, `${prefix}${key}.`);
      const same = JSON.stringify(x) === JSON.stringify(y);
      return same ? [] : [`--set ${prefix}${key}=${JSON.stringify(x ?? null)}`];
    });
  const { maxSteps, ...rest } = recipe;
  const { maxSteps: namedSteps, ...namedRest } = named;
  return [
    ...(maxSteps === namedSteps ? [] : [`--steps ${maxSteps}`]),
    ...differences(rest, namedRest),
  ].join(' ');
}
