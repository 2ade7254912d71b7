// JupyterLab as a hub starts it: Binder by `jupyter-lab`, JupyterHub by `jupyterhub-singleuser`, repo2docker by
// `jupyter notebook`. `npm start` for hubs, whose options go through as they are.
import { spawn } from 'node:child_process';
import { labArguments } from '../setup/jupyterlab.mjs';
import { inRoot, jupyterEnvironment, notebooks, venvPython } from '../setup/paths.mjs';
import { exitCodeOf, onStopRequest } from '../setup/signals.mjs';

const [name, ...given] = process.argv.slice(2);

/** What Python runs, and the setting that names the first page. */
function programFor(called) {
  const [lab, ...settings] = labArguments(notebooks);
  const [program, app] =
    called === 'jupyterhub-singleuser'
      ? [['-m', 'jupyterhub.singleuser'], 'ServerApp']
      : [[lab], 'LabApp'];
  return [...program, ...settings, `--${app}.default_url=/lab/tree/welcome.md`];
}

// A hub gives up after half a minute, in which a small share of a processor does not compile the library's own ops anew,
// as it must on another processor than the image's: that is done beside. A kernel that is started before takes plain ops.
const setup = spawn(process.execPath, [inRoot('scripts', 'setup.mjs')], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
const server = spawn(venvPython, [...programFor(name), ...given], {
  stdio: 'inherit',
  env: jupyterEnvironment(),
});

onStopRequest((signal) => {
  setup.kill(signal);
  server.kill(signal);
});
server.on('error', (error) => {
  process.stderr.write(`${name} could not be started: ${error.message}\n`);
  process.exit(1);
});
server.on('exit', (code, signal) => {
  setup.kill();
  process.exit(exitCodeOf(code, signal));
});
