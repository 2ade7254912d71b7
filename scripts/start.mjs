// npm start: set-up, then JupyterLab on notebooks/. Arguments after `--` go to JupyterLab.
import { spawn } from 'node:child_process';
import { jupyterEnvironment, notebooks, venvPython } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { exitCodeOf, onStopRequest } from './setup/signals.mjs';

await setUpOrExit();

const args = [
  '-m',
  'jupyterlab',
  `--ServerApp.root_dir=${notebooks}`,
  '--MultiKernelManager.default_kernel_name=tslab',
  '--KernelSpecManager.ensure_native_kernel=False',
  '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
];
// JupyterLab refuses to run as root, as it does in most containers, unless told so.
if (process.getuid() === 0) args.push('--allow-root');

const lab = spawn(venvPython, [...args, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: jupyterEnvironment(),
});

onStopRequest((signal) => lab.kill(signal));
lab.on('error', (error) => {
  process.stderr.write(`JupyterLab could not be started: ${error.message}\n`);
  process.exit(1);
});
lab.on('exit', (code, signal) => process.exit(exitCodeOf(code, signal)));
