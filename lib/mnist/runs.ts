/** Where models and training runs are saved, unless a folder is given. */
import path from 'node:path';
import { folderInside } from '../io/runs/run-name';
import { PACKAGE_FOLDER } from './shipped';

/**
 * The folder in SDM_CHECKPOINTS; else checkpoints/ of the clone. Where the package is installed among somebody's
 * node_modules, which are thrown away now and then, it is checkpoints/ of the working folder.
 */
export function checkpointsFolder(env = process.env, packageFolder = PACKAGE_FOLDER): string {
  const isInstalled = packageFolder.split(path.sep).includes('node_modules');
  const base = isInstalled ? process.cwd() : packageFolder;
  return path.resolve(env['SDM_CHECKPOINTS'] || path.join(base, 'checkpoints'));
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
