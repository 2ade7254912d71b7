// Where everything of a set-up lives: all of it inside the clone, or inside the package where that is installed.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { earlyAddonNames } from './systems.mjs';
import { isWritable } from './writable.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
export const inRoot = (...parts) => path.join(root, ...parts);

/** A package's folder: in the clone's node_modules, or beside this package among somebody's. */
export function packageFolder(name) {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const found = path.join(folder, 'node_modules', name);
    if (fs.existsSync(found)) return found;
    if (folder === path.dirname(folder)) return inRoot('node_modules', name);
  }
}

export const stateFolder = inRoot('.setup');
export const logFolder = inRoot('.setup', 'logs');
/** Small addons that are loaded before TensorFlow's: `native/NAME.cc`, and what it is compiled to. */
export const earlyAddons = earlyAddonNames().map((name) => ({
  source: inRoot('native', `${name}.cc`),
  file: inRoot('.setup', 'native', `${name}.node`),
}));
/** Loaded before tfjs-node, too: what it asks of Node that Node has no more. */
export const nodeUtil = inRoot('native', 'node-util.cjs');
export const venv = inRoot('.venv');
export const venvPython = inRoot('.venv', 'bin', 'python');
export const parityVenv = inRoot('.venv-parity');
/** What other engines need (requirements-cluster.txt); only where it was asked for. */
export const clusterVenv = inRoot('.venv-cluster');
export const notebooks = inRoot('notebooks');
export const kernelspecFolder = inRoot('.venv', 'share', 'jupyter', 'kernels', 'tslab');
export const tfjsPackage = packageFolder('@tensorflow/tfjs-node-gpu');

let temporary;
/** A folder of this process alone, gone when it ends. */
function temporaryFolder() {
  if (temporary === undefined) {
    temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-jupyter-'));
    process.on('exit', () => fs.rmSync(temporary, { recursive: true, force: true }));
  }
  return temporary;
}

/** Where Jupyter writes: in the clone, or, where that is read-only, in a temporary folder. */
const jupyterFolder = (canWrite) =>
  canWrite(inRoot('.setup', 'jupyter')) ? inRoot('.setup', 'jupyter') : temporaryFolder();

/** The environment for Python and Jupyter: their settings and data stay in the clone, too. */
export function jupyterEnvironment(env = process.env, canWrite = isWritable) {
  const folder = jupyterFolder(canWrite);
  return {
    ...env,
    PYTHONHOME: undefined, // other packages than those of .venv would stand before them
    PYTHONPATH: undefined,
    JUPYTER_CONFIG_DIR: path.join(folder, 'config'),
    JUPYTER_DATA_DIR: path.join(folder, 'data'),
    JUPYTER_RUNTIME_DIR: path.join(folder, 'runtime'),
    JUPYTERLAB_SETTINGS_DIR: path.join(folder, 'settings'),
    JUPYTERLAB_WORKSPACES_DIR: path.join(folder, 'workspaces'),
    IPYTHONDIR: path.join(folder, 'ipython'),
    JUPYTER_PREFER_ENV_PATH: '1',
    PYTHONNOUSERSITE: '1',
  };
}
