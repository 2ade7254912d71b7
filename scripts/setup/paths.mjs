// Where everything of a set-up lives: all of it inside the clone, or inside the package where that is installed.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

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
export const earlyAddons = ['quiet', 'session-config', 'distributed'].map((name) => ({
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

/** The environment for Python and Jupyter: their settings and data stay in the clone, too. */
export function jupyterEnvironment(env = process.env) {
  return {
    ...env,
    JUPYTER_CONFIG_DIR: inRoot('.setup', 'jupyter', 'config'),
    JUPYTER_DATA_DIR: inRoot('.setup', 'jupyter', 'data'),
    JUPYTER_RUNTIME_DIR: inRoot('.setup', 'jupyter', 'runtime'),
    JUPYTERLAB_SETTINGS_DIR: inRoot('.setup', 'jupyter', 'settings'),
    JUPYTERLAB_WORKSPACES_DIR: inRoot('.setup', 'jupyter', 'workspaces'),
    IPYTHONDIR: inRoot('.setup', 'jupyter', 'ipython'),
    JUPYTER_PREFER_ENV_PATH: '1',
    PYTHONNOUSERSITE: '1',
  };
}
