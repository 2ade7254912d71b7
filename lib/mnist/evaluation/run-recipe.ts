/** What is known of the training that a checkpoint comes from. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../../io/atomic-write';
import type { AnyRecipe } from '../recipes';

const FILE = 'recipe.json';

/** Writes the recipe into a run's folder, for `runOf`. */
export function saveRecipe(runFolder: string, recipe: AnyRecipe): void {
  mkdirSync(runFolder, { recursive: true });
  writeFileAtomically(path.join(runFolder, FILE), [`${JSON.stringify(recipe, null, 2)}\n`]);
}

/**
 * The recipe that `npm run train` wrote into the run's folder, and the optimizer steps that were done.
 *
 * @param checkpoint a training checkpoint, a kept model (model-STEP) or the finished one (model)
 * @throws Error if it lies in no run's folder
 */
export function runOf(checkpoint: string): { readonly recipe: AnyRecipe; readonly steps: number } {
  const file = path.join(path.dirname(path.resolve(checkpoint)), FILE);
  if (!existsSync(file)) {
    throw new Error(
      `${file}: expected the recipe of the run, found none. Train with npm run train.`,
    );
  }
  const recipe = JSON.parse(readFileSync(file, 'utf8')) as AnyRecipe;
  const step = /-(\d+)$/.exec(path.basename(checkpoint))?.[1];
  return { recipe, steps: step === undefined ? recipe.maxSteps : Number(step) };
}

type Group = Readonly<Record<string, unknown>>;

const isGroup = (value: unknown): value is Group => typeof value === 'object' && value !== null;

/** As options of `npm run train`, each key that differs. */
function differences(a: Group, b: Group, prefix = ''): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => {
    const [x, y] = [a[key], b[key]];
    if (isGroup(x) && isGroup(y)) return differences(x, y, `${prefix}${key}.`);
    const same = JSON.stringify(x) === JSON.stringify(y);
    return same ? [] : [`--set ${prefix}${key}=${JSON.stringify(x ?? null)}`];
  });
}

/** The settings in which a run's recipe differs from the one of that name, as options of `npm run train`. */
export function settingsOf(recipe: AnyRecipe, named: AnyRecipe): string {
  const { maxSteps, ...rest } = recipe;
  const { maxSteps: namedSteps, ...namedRest } = named;
  return [
    ...(maxSteps === namedSteps ? [] : [`--steps ${maxSteps}`]),
    ...differences(rest, namedRest),
  ].join(' ');
}
