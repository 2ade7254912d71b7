// npm run notebooks: set-up, then the notebooks headless. `npm run notebooks -- --help` tells the rest.
import { spawn } from 'node:child_process';
import { inRoot, jupyterEnvironment, venvPython } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { exitCodeOf, onStopRequest } from './setup/signals.mjs';

await setUpOrExit();

const runner = spawn(
  venvPython,
  ['-B', inRoot('scripts', 'notebooks', 'run.py'), ...process.argv.slice(2)],
  { stdio: 'inherit', env: jupyterEnvironment() },
);
onStopRequest((signal) => runner.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal));
runner.on('exit', (code, signal) => process.exit(exitCodeOf(code, signal)));
