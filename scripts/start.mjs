// npm start: set-up, then JupyterLab on notebooks/. Arguments after `--` go to JupyterLab.
import { spawn } from 'node:child_process';
import { labArguments } from './setup/jupyterlab.mjs';
import { jupyterEnvironment, notebooks, venvPython } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { exitCodeOf, onStopRequest } from './setup/signals.mjs';

await setUpOrExit();

const lab = spawn(venvPython, [...labArguments(notebooks), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: jupyterEnvironment(),
});

onStopRequest((signal) => lab.kill(signal));
lab.on('error', (error) => {
  process.stderr.write(`JupyterLab could not be started: ${error.message}\n`);
  process.exit(1);
});
lab.on('exit', (code, signal) => process.exit(exitCodeOf(code, signal)));
