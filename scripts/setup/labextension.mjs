// The project's extensions of JupyterLab and its defaults for it, in .venv alone.
import fs from 'node:fs';
import path from 'node:path';
import { inRoot } from './paths.mjs';
import { sha256 } from './step.mjs';

const sources = inRoot('labextension');
const folder = inRoot('.venv', 'share', 'jupyter', 'labextensions');
const EXTENSIONS = {
  'figure-texts': 'Figures with alternative texts',
  'figure-plots': 'Figures that follow the theme and leave the notebook as it is',
  reattach: 'Cells that go on when their notebook is opened again',
  forms: 'Forms that set values in the kernel',
  'drawing-pad': 'Pads to draw on',
};

// Else each newcomer is asked whether to fetch Jupyter's news, in a window over the first notebook.
// The welcome page is read, not edited.
const SETTINGS = {
  '@jupyterlab/apputils-extension:notification': { fetchNews: 'false' },
  '@jupyterlab/docmanager-extension:plugin': {
    defaultViewers: { markdown: 'Markdown Preview' },
  },
};
const settings = [
  inRoot('.venv', 'share', 'jupyter', 'lab', 'settings', 'overrides.json'),
  JSON.stringify(SETTINGS, null, 2),
];

// HTML exports, by `jupyter nbconvert` and by JupyterLab's menu: figures with alternative texts.
const TEMPLATE = 'lab-figures';
const takesTemplate = JSON.stringify({ HTMLExporter: { template_name: TEMPLATE } }, null, 2);
const templateFolder = inRoot('.venv', 'share', 'jupyter', 'nbconvert', 'templates', TEMPLATE);
const exports = () => [
  ...['index.html.j2', 'conf.json'].map((name) => [
    path.join(templateFolder, name),
    fs.readFileSync(path.join(sources, 'html-export', name), 'utf8'),
  ]),
  [inRoot('.venv', 'etc', 'jupyter', 'jupyter_nbconvert_config.json'), takesTemplate],
  [inRoot('.venv', 'etc', 'jupyter', 'jupyter_server_config.json'), takesTemplate],
];

/** An extension's files. The name of the code has its checksum, so that browsers do not take an older one. */
function filesOf([name, description]) {
  const code = fs.readFileSync(path.join(sources, `${name}.js`), 'utf8');
  const load = `static/${name}.${sha256(code).slice(0, 16)}.js`;
  const manifest = {
    name,
    version: '1.0.0',
    description,
    jupyterlab: { extension: true, _build: { load, extension: './extension' } },
  };
  const files = { [load]: code, 'package.json': JSON.stringify(manifest, null, 2) };
  return Object.entries(files).map(([file, text]) => [path.join(folder, name, file), text]);
}

const files = () => [...Object.entries(EXTENSIONS).flatMap(filesOf), settings, ...exports()];
const holds = ([file, text]) => fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text;

export const labextension = {
  name: 'labextension',
  title: "JupyterLab's extensions for figures and forms, and its settings",
  needs: ['python-packages'],
  disk: 0,
  verified: true,
  inputs: () => null,
  missing: () => (files().every(holds) ? null : 'they are not registered, or differently'),
  remedy: 'Check that .venv can be written to, or delete it, and run the command again.',
  async run() {
    for (const name of Object.keys(EXTENSIONS)) {
      fs.rmSync(path.join(folder, name), { recursive: true, force: true });
    }
    for (const [file, text] of files()) {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    }
  },
};
