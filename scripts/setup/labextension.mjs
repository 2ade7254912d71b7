// The project's extension of JupyterLab, registered in .venv alone.
import fs from 'node:fs';
import path from 'node:path';
import { inRoot } from './paths.mjs';
import { sha256 } from './step.mjs';

const source = inRoot('scripts', 'labextension', 'figure-texts.js');
const folder = inRoot('.venv', 'share', 'jupyter', 'labextensions', 'figure-texts');

/** Its files. The name of the code has its checksum, so that browsers do not take an older one. */
function files() {
  const code = fs.readFileSync(source, 'utf8');
  const load = `static/figure-texts.${sha256(code).slice(0, 16)}.js`;
  const manifest = {
    name: 'figure-texts',
    version: '1.0.0',
    description: 'Figures with alternative texts',
    jupyterlab: { extension: true, _build: { load, extension: './extension' } },
  };
  return { [load]: code, 'package.json': JSON.stringify(manifest, null, 2) };
}

const holds = ([name, text]) => {
  const file = path.join(folder, name);
  return fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text;
};

export const labextension = {
  name: 'labextension',
  title: "JupyterLab's extension for alternative texts",
  disk: 0,
  verified: true,
  inputs: () => null,
  missing: () =>
    Object.entries(files()).every(holds) ? null : 'it is not registered, or differently',
  remedy: 'Check that .venv can be written to, or delete it, and run the command again.',
  async run() {
    fs.rmSync(folder, { recursive: true, force: true });
    for (const [name, text] of Object.entries(files())) {
      const file = path.join(folder, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    }
  },
};
