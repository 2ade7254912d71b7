// JupyterLab as a hub starts it: Binder by `jupyter-lab`, JupyterHub by `jupyterhub-singleuser`, repo2docker by
// `jupyter notebook`. `npm start` for hubs, whose options go through as they are.
import { spawn } from 'node:child_process';
import { firstPage, labArguments, runServer } from '../setup/jupyterlab.mjs';
import { inRoot, notebooks } from '../setup/paths.mjs';

const [name, ...given] = process.argv.slice(2);

/** What Python runs, and the setting that names the first page. */
function programFor(called) {
  const [lab, ...settings] = labArguments(notebooks);
  const [program, app] =
    called === 'jupyterhub-singleuser'
      ? [['-m', 'jupyterhub.singleuser'], 'ServerApp']
      : [[lab], 'LabApp'];
  return [...program, ...settings, `--${app}.default_url=${firstPage}`];
}

// A hub gives up after half a minute, in which a small share of a processor does not compile the library's own ops anew,
// as it must on another processor than the image's: that is done beside. A kernel that is started before takes plain ops.
const setup = spawn(process.execPath, [inRoot('scripts', 'setup.mjs')], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
runServer([...programFor(name), ...given], { name, beside: [setup] });
