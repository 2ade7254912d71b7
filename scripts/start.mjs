// npm start: set-up, then JupyterLab on notebooks/. `npm start -- --help` tells the options.
import { spawn } from 'node:child_process';
import { givenOptions } from './command-line/parse.mjs';
import { commands, readCommandLine } from './commands/index.mjs';
import { portNotice } from './commands/port-notice.mjs';
import { labArguments } from './setup/jupyterlab.mjs';
import { jupyterEnvironment, notebooks, venvPython } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { exitCodeOf, onStopRequest } from './setup/signals.mjs';

const { values, words, rest } = readCommandLine('start');
await setUpOrExit();
if (values.port !== undefined) {
  const notice = await portNotice(values.port);
  if (notice !== null) process.stderr.write(`${notice}\n`);
}

const firstPage = '--LabApp.default_url=/lab/tree/welcome.md';
const args = [
  ...labArguments(notebooks),
  firstPage,
  ...givenOptions(commands.start, values),
  ...rest,
  ...words,
];
const lab = spawn(venvPython, args, {
  stdio: 'inherit',
  env: jupyterEnvironment(),
});

onStopRequest((signal) => lab.kill(signal));
lab.on('error', (error) => {
  process.stderr.write(`JupyterLab could not be started: ${error.message}\n`);
  process.exit(1);
});
lab.on('exit', (code, signal) => process.exit(exitCodeOf(code, signal)));
