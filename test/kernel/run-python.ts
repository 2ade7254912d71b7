import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadScript } from '../support/script';

const { jupyterEnvironment, venvPython } = loadScript<{
  jupyterEnvironment: () => NodeJS.ProcessEnv;
  venvPython: string;
}>('setup/paths.mjs');

/** Runs a script of this folder in the Python that has Jupyter; it starts the kernel. */
export async function runPython(script: string, ...args: string[]): Promise<void> {
  await promisify(execFile)(venvPython, ['-B', join(__dirname, script), ...args], {
    env: jupyterEnvironment(),
  });
}
