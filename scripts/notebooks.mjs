// npm run notebooks: set-up, then the notebooks headless. `npm run notebooks -- --help` tells the rest.
import { spawn } from 'node:child_process';
import { givenOptions } from './command-line/parse.mjs';
import { commands, readCommandLine } from './commands/index.mjs';
import { inRoot, jupyterEnvironment, venvPython } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { exitCodeOf, onStopRequest } from './setup/signals.mjs';

const { values, words } = readCommandLine('notebooks');
const { parameter, ...others } = values;
const args = [
  ...words,
  ...parameter.flatMap(([name, value]) => ['-p', name, value]),
  ...givenOptions(commands.notebooks, others),
];
await setUpOrExit();

const runner = spawn(venvPython, ['-B', inRoot('scripts', 'notebooks', 'run.py'), ...args], {
  stdio: 'inherit',
  env: jupyterEnvironment(),
});
onStopRequest((signal) => runner.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal));
runner.on('exit', (code, signal) => process.exit(exitCodeOf(code, signal)));
