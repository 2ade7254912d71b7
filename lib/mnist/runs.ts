/** Where models and training runs are saved, unless a folder is given. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { folderInside } from '../io/runs/run-name';
import { PACKAGE_FOLDER } from './shipped';

/** What decides where runs go. */
export interface RunsPlace {
  /** Default: the environment of this process, as it is when called. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: the folder of this package. */
  readonly packageFolder?: string;
  /** Default: the working folder. */
  readonly cwd?: string;
}

/**
 * Whether the package is used from its clone: the notebooks are beside it, and it is not among somebody's
 * node_modules, which are thrown away now and then.
 */
function isClone(folder: string): boolean {
  // Where the package is a link, as `npm link` makes one, what it leads to counts.
  const real = existsSync(folder) ? realpathSync(folder) : folder;
  return !real.split(path.sep).includes('node_modules') && existsSync(path.join(real, 'notebooks'));
}

/**
 * The folder of all saved models and training runs. Nothing is made.
 *
 * @returns the folder in SDM_CHECKPOINTS (relative to the working folder), if that is set and not empty; else
 *   checkpoints/ of the clone, or of the working folder where the package is installed
 */
export function checkpointsFolder({
  env = process.env,
  packageFolder = PACKAGE_FOLDER,
  cwd = process.cwd(),
}: RunsPlace = {}): string {
  const named = env['SDM_CHECKPOINTS'];
  if (named) return path.resolve(cwd, named);
  return path.join(isClone(packageFolder) ? packageFolder : cwd, 'checkpoints');
}

/**
 * Where runs are looked for: `checkpointsFolder()`, and in a clone also runs/, where `npm run train` saves.
 */
export function runsFolders(place: RunsPlace = {}): string[] {
  const { packageFolder = PACKAGE_FOLDER } = place;
  const trained = isClone(packageFolder) ? [path.join(packageFolder, 'runs')] : [];
  return [...new Set([checkpointsFolder(place), ...trained])];
}

/**
 * The folder of a training run in `checkpointsFolder()`, for `saveTraining`, `resumeTraining` and `latestCheckpoint`.
 *
 * @param name for example `mnist-cpu`; letters, digits, `-`, `_` and `.`
 * @throws Error if the name could lead out of the folder
 */
export function runFolder(name: string): string {
  return folderInside(checkpointsFolder(), name);
}
