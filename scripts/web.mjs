// npm run web: a page that draws with a model in the reader's browser. `npm run web -- --help` tells the options.
import fs from 'node:fs';
import path from 'node:path';
import { preview } from 'vite';
import { library, typed } from './command-line/command.mjs';
import { readCommandLine } from './commands/index.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { bundle } from './web/bundle.mjs';
import { writeModel } from './web/model.mjs';
import { writeFolder, writeSingle } from './web/pages.mjs';

const { values } = readCommandLine('web');
await setUpOrExit();
const started = performance.now();
const sd = library();
const { loadRunModel } = library('mnist/evaluation/index.js');

const say = (text) => process.stderr.write(`${text}\n`);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const { single, weights } = values;
const output = values.output ?? (single === undefined ? inRoot('runs', 'web') : undefined);

say(`Reads ${values.checkpoint} …`);
const { parts } = loadRunModel(values.checkpoint, { anyChannels: true });
const folder = fs.mkdtempSync(path.join(inRoot('.setup'), 'web-'));
try {
  const model = path.join(folder, 'model');
  const sizes = writeModel(sd, library('web/quantized.js'), model, parts, weights);
  say('Builds the page …');
  const code = await bundle();
  const shown = Object.entries(sizes).map(([part, bytes]) => `${part} ${megabytes(bytes)}`);
  console.log(`Weights as ${weights}: ${shown.join(', ')}.`);
  if (output !== undefined) {
    const bytes = writeFolder(output, code, model);
    console.log(`${typed(output)}: ${megabytes(bytes)}, for any static host.`);
  }
  if (single !== undefined) {
    const bytes = writeSingle(library('web/archive.js'), single, code, model);
    console.log(`${typed(single)}: ${megabytes(bytes)}, one file that opens from the disk.`);
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
say(`Done in ${((performance.now() - started) / 1000).toFixed(1)} s.`);

if (values.serve) {
  const server = await preview({
    configFile: false,
    root: path.dirname(output),
    appType: 'mpa',
    logLevel: 'warn',
    build: { outDir: output },
    preview: { host: '127.0.0.1', ...(values.port && { port: values.port, strictPort: true }) },
  });
  console.log(`Served at ${server.resolvedUrls.local[0]} until Ctrl-C.`);
} else process.exit();
