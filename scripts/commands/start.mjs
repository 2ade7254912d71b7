import { choice, count, oldFile, port, text } from '../command-line/kinds.mjs';
import { didYouMean, nearest } from '../command-line/nearest.mjs';
import { notebook } from './notebooks.mjs';

/** Classes whose settings JupyterLab takes as --CLASS.NAME=VALUE. There are more; these are found if misspelt. */
const CLASSES = [
  'ServerApp',
  'LabApp',
  'LabServerApp',
  'IdentityProvider',
  'PasswordIdentityProvider',
  'MultiKernelManager',
  'MappingKernelManager',
  'KernelSpecManager',
  'ContentsManager',
  'FileContentsManager',
  'SessionManager',
  'TerminalManager',
];

/** @returns null for one of JupyterLab's settings; undefined for what is none */
function handOn(name) {
  const [, owner] = /^([A-Za-z]+)\.[\w.]+$/.exec(name) ?? [];
  if (owner === undefined) return undefined;
  if (CLASSES.includes(owner)) return null;
  const meant = nearest(owner, CLASSES, 1);
  if (meant.length === 0) return null;
  return `unknown option --${name}.${didYouMean([`--${name.replace(owner, meant[0])}`])}`;
}

/** @type {import('../command-line/parse.mjs').Command} */
export const start = {
  name: 'start',
  run: 'npm start',
  summary: 'Sets everything up, then opens JupyterLab on notebooks/.',
  options: {
    port: { kind: port, byDefault: '8888, or the next free one', help: 'where JupyterLab listens' },
    'no-browser': { help: 'open no browser; the address is told' },
    ip: {
      kind: text('ADDRESS'),
      also: ['host'],
      default: undefined,
      byDefault: 'localhost',
      help: '0.0.0.0 for all',
    },
    'port-retries': { kind: count({ from: 0 }), byDefault: '50', help: 'further ports to try' },
    browser: { kind: text('PROGRAM'), help: 'the browser to open' },
    certfile: { kind: oldFile('a file with the certificate'), help: 'for https' },
    keyfile: { kind: oldFile('a file with the private key'), help: 'for https' },
    'client-ca': { kind: oldFile('a file with the authority’s certificate'), help: 'for https' },
    config: {
      kind: oldFile("a file of JupyterLab's settings"),
      help: "a file of JupyterLab's settings",
    },
    'log-level': {
      kind: choice(['DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL'], 'LEVEL'),
      byDefault: 'INFO',
      help: 'what JupyterLab tells',
    },
    debug: { help: 'as --log-level DEBUG' },
    autoreload: { help: "load Jupyter's Python files anew when they change" },
    'show-config': { help: "show JupyterLab's settings" },
    'allow-root': { help: 'is set where it is needed' },
  },
  words: {
    shown: 'NOTEBOOK',
    kind: notebook,
    help: 'the notebook to open, such as 04-train',
    most: 1,
  },
  handOn,
  example: 'npm start -- --no-browser --port 9999',
  notes:
    "Settings of JupyterLab's classes go through: --ServerApp.token=… and the like. SDM_DEVICE=cpu or gpu chooses the " +
    'device.',
};
